-- What take.sql has locked, by primary key. `tokens` holds [seq, leases].
UPDATE JSON_TABLE(:tokens, '$[*]' COLUMNS (seq BIGINT UNSIGNED PATH '$[0]', leases INT UNSIGNED PATH '$[1]')) AS token
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY)
    ON message.seq = token.seq AND message.leases = token.leases
SET
    message.running = TRUE,
    message.owner = :owner,
    message.due = NOW(6) + INTERVAL :microseconds MICROSECOND,
    message.leases = message.leases + 1,
    message.attempt = message.attempt + 1
