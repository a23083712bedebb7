-- Which of these ids the queue holds, by the indexes id.
SELECT id FROM {queue} FORCE INDEX (id) WHERE id IN (:ids)
UNION ALL
SELECT id FROM {dead} FORCE INDEX (id) WHERE id IN (:ids)
