-- Those that are not running, held still until the transaction ends. By the index id.
SELECT id FROM {queue} FORCE INDEX (id) WHERE id IN (:ids) AND NOT (running AND due > @now) FOR UPDATE
