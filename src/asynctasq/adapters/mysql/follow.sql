-- The messages of effects. One that is there already was put there by an earlier settlement that is being repeated.
INSERT INTO {queue} (id, queue, tier, due, header, body)
VALUES :rows
ON DUPLICATE KEY UPDATE attempt = attempt
