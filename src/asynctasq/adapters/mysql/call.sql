-- Fails (1048: a NULL where none may be) if it is the last call of its sender once more. While that one is still under
-- way elsewhere, this one waits for it.
INSERT INTO {sender} (sender, number) VALUES (:sender, :number)
ON DUPLICATE KEY UPDATE number = IF(number = :number, NULL, :number), seen_at = NOW(6)
