-- Whose messages were cancelled while these leases lasted. By primary key; `tokens` holds [seq, leases].
SELECT letter.seq, letter.leases
FROM JSON_TABLE(:tokens, '$[*]' COLUMNS (seq BIGINT UNSIGNED PATH '$[0]', leases INT UNSIGNED PATH '$[1]')) AS token
STRAIGHT_JOIN {dead} AS letter FORCE INDEX (PRIMARY)
    ON letter.seq = token.seq AND letter.leases = token.leases
WHERE letter.state = 'cancelled'
