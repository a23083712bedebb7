-- Held still until the transaction ends. By the index id.
SELECT id FROM {queue} FORCE INDEX (id) WHERE id IN (:ids) FOR UPDATE
