-- Of these tokens those whose message was cancelled while their lease lasted, by primary key.
SELECT message.id
FROM {dead_letter_table} AS message
JOIN unnest($1::text[], $2::bigint[], $3::integer[]) AS token (id, seq, leases)
    ON message.id = token.id AND message.seq = token.seq AND message.leases = token.leases
WHERE message.state = 'cancelled' AND message.due > statement_timestamp()
