-- Whether the first message of a line is due by now: in a statement NOW stands still. It mentions `pause`, or the server
-- would look only once. One step into the index line.
(
    SELECT due <= NOW(6) + INTERVAL pause.passed MICROSECOND
    FROM {queue} FORCE INDEX (line)
    WHERE queue = :queue AND tier = :tier
    ORDER BY due
    LIMIT 1
)
