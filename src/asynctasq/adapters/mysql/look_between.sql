-- The same for the first line between two others. One step into the index line.
(
    SELECT CONCAT_WS(' ', :at, tier, TIMESTAMPDIFF(MICROSECOND, NOW(6), due))
    FROM {queue} FORCE INDEX (line)
    WHERE queue = :queue AND tier > :above AND tier < :below
    ORDER BY tier, due
    LIMIT 1
)
