-- Senders of whom nothing was heard for an hour repeat nothing any more.
DELETE FROM {sender_table}
WHERE sender IN (
    SELECT sender
    FROM {sender_table}
    WHERE seen_at < statement_timestamp() - interval '1 hour'
    FOR UPDATE SKIP LOCKED
)
