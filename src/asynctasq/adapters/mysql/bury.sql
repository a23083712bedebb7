-- Bury and cancel: a copy among the dead letters; ack.sql takes the original away. By primary key.
-- `verdicts` holds [seq, leases, state, error]; null keeps.
INSERT INTO {dead} (seq, id, queue, state, tier, leases, attempt, failures, owner, error, header, body)
SELECT
    message.seq,
    message.id,
    message.queue,
    verdict.state,
    message.tier,
    message.leases,
    message.attempt,
    message.failures,
    message.owner,
    COALESCE(verdict.error, message.error),
    message.header,
    message.body
FROM JSON_TABLE(
    :verdicts, '$[*]' COLUMNS (
        seq BIGINT UNSIGNED PATH '$[0]',
        leases INT UNSIGNED PATH '$[1]',
        state VARCHAR(9) PATH '$[2]',
        error LONGTEXT PATH '$[3]'
    )
) AS verdict
STRAIGHT_JOIN {queue} AS message FORCE INDEX (PRIMARY)
    ON message.seq = verdict.seq AND message.leases = verdict.leases
WHERE message.running AND message.due > NOW(6)
