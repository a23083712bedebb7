-- Many rows in one statement. An id that is there already fails it (1062).
INSERT INTO {queue} (id, queue, tier, due, header, body)
VALUES :rows
