-- Which of these leases last, held still until the transaction ends. By primary key; `tokens` holds [seq, leases].
-- MySQL takes no lock on what is made of JSON, and refuses to be asked for one (3569). MariaDB takes OF for a comment.
SELECT message.seq, message.leases
FROM JSON_TABLE(:tokens, '$[*]' COLUMNS (seq BIGINT UNSIGNED PATH '$[0]', leases INT UNSIGNED PATH '$[1]')) AS token
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY)
    ON message.seq = token.seq AND message.leases = token.leases
WHERE message.running AND message.due > NOW(6)
FOR UPDATE /*!80000 OF message */
