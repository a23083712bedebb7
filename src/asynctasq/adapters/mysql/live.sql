-- Which of these leases last, held still until the transaction ends. By primary key; `tokens` holds [seq, leases].
SELECT message.seq, message.leases
FROM JSON_TABLE(:tokens, '$[*]' COLUMNS (seq BIGINT UNSIGNED PATH '$[0]', leases INT UNSIGNED PATH '$[1]')) AS token
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY)
    ON message.seq = token.seq AND message.leases = token.leases
WHERE message.running AND message.due > NOW(6)
FOR UPDATE
