-- Held still until the transaction ends. By the index id.
SELECT id FROM {dead} FORCE INDEX (id) WHERE id IN (:ids) FOR UPDATE
