-- Changes nothing, as no row has this number, and is refused by a server that only reads.
DELETE FROM {queue} WHERE seq = 0
