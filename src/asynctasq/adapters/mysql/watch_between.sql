-- Whether there is a line between two others that nobody has heard of. One step into the index line.
(
    SELECT pause.passed
    FROM {queue} FORCE INDEX (line)
    WHERE queue = :queue AND tier > :above AND tier < :below
    LIMIT 1
)
