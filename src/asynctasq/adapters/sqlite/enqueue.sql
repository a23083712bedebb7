-- All rows in one step: each step lets go of the GIL, and waits for it behind a busy task.
-- `rows` holds [id, queue, priority, delay, start, header length, body length], `content` their bytes in a row.
INSERT OR IGNORE INTO message (id, queue, state, priority, due, header, body)
SELECT
    json_extract(value, '$[0]'),
    json_extract(value, '$[1]'),
    CASE WHEN json_extract(value, '$[3]') > 0 THEN 'waiting' ELSE 'ready' END,
    json_extract(value, '$[2]'),
    :now + json_extract(value, '$[3]'),
    substr(:content, json_extract(value, '$[4]') + 1, json_extract(value, '$[5]')),
    substr(:content, json_extract(value, '$[4]') + json_extract(value, '$[5]') + 1, json_extract(value, '$[6]'))
FROM json_each(:rows)
