-- By primary key.
DELETE message
FROM JSON_TABLE(:seqs, '$[*]' COLUMNS (seq BIGINT UNSIGNED PATH '$')) AS doomed
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY) ON message.seq = doomed.seq
