-- Retry and release, by primary key.
-- `verdicts` holds [seq, leases, delay in microseconds, attempts given back, failures, skewed seconds, error]; null keeps.
UPDATE JSON_TABLE(
    :verdicts, '$[*]' COLUMNS (
        seq BIGINT UNSIGNED PATH '$[0]',
        leases INT UNSIGNED PATH '$[1]',
        delay BIGINT PATH '$[2]',
        given_back INT PATH '$[3]',
        failed INT PATH '$[4]',
        skewed_seconds DOUBLE PATH '$[5]',
        error LONGTEXT PATH '$[6]'
    )
) AS verdict
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY)
    ON message.seq = verdict.seq AND message.leases = verdict.leases
SET
    message.attempt = message.attempt - verdict.given_back,
    message.failures = message.failures + verdict.failed,
    message.skewed_seconds = COALESCE(verdict.skewed_seconds, message.skewed_seconds),
    message.error = COALESCE(verdict.error, message.error),
    message.due = NOW(6) + INTERVAL verdict.delay MICROSECOND,
    message.running = FALSE
WHERE message.running AND message.due > NOW(6)
