-- Every verdict but ack, by primary key.
-- `verdicts` holds [seq, leases, state, delay, attempts given back, failures, skewed seconds, error]; null keeps.
UPDATE message
SET
    state = verdict.state,
    due = :now + verdict.delay,
    attempt = attempt - verdict.given_back,
    failures = failures + verdict.failed,
    skewed_seconds = coalesce(verdict.skewed_seconds, message.skewed_seconds),
    error = coalesce(verdict.error, message.error)
FROM (
    SELECT
        json_extract(value, '$[0]') AS seq,
        json_extract(value, '$[1]') AS leases,
        json_extract(value, '$[2]') AS state,
        json_extract(value, '$[3]') AS delay,
        json_extract(value, '$[4]') AS given_back,
        json_extract(value, '$[5]') AS failed,
        json_extract(value, '$[6]') AS skewed_seconds,
        json_extract(value, '$[7]') AS error
    FROM json_each(:verdicts)
) AS verdict
WHERE message.seq = verdict.seq
    AND message.leases = verdict.leases
    AND message.state = 'running'
    AND message.due > :now
