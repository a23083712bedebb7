-- One step into the index line.
SELECT queue FROM {queue} FORCE INDEX (line) WHERE queue > :after ORDER BY queue LIMIT 1
