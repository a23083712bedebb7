-- Senders of whom nothing was heard for an hour repeat nothing any more.
DELETE FROM {sender} WHERE seen_at < NOW(6) - INTERVAL 1 HOUR
