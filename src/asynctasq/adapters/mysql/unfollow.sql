-- As follow.sql, for those that have died since: nothing but a row just inserted can be in both tables. By the indexes id.
DELETE message
FROM {dead} AS letter FORCE INDEX (id)
STRAIGHT_JOIN {queue} AS message FORCE INDEX (id) ON message.id = letter.id
WHERE letter.id IN (:ids)
