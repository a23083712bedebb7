-- Position, tier and microseconds until the first message of a line is due. One step into the index line.
-- As one text: what an answer costs the client depends on the number of columns, and idle workers ask all the time.
(
    SELECT CONCAT_WS(' ', :at, tier, TIMESTAMPDIFF(MICROSECOND, NOW(6), due))
    FROM {queue} FORCE INDEX (line)
    WHERE queue = :queue AND tier = :tier
    ORDER BY due
    LIMIT 1
)
