-- What cancel.sql has copied. By the index id.
DELETE message FROM {queue} AS message FORCE INDEX (id) WHERE id IN (:ids)
