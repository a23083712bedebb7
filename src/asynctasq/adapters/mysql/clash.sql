-- Fails as a duplicate (1062) if any of these ids, just inserted, lies among the dead letters too. By the index id.
INSERT INTO {queue} (id, queue, due, header, body)
SELECT id, queue, NOW(6), header, body FROM {dead} FORCE INDEX (id) WHERE id IN (:ids)
