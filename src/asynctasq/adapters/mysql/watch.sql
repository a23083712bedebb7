-- Sleeps and looks in turn, on the server, and ends at once when there is news. `pauses` holds seconds, and microseconds
-- until their end. IF promises to try one thing after the other.
SELECT pause.passed
FROM JSON_TABLE(:pauses, '$[*]' COLUMNS (seconds DOUBLE PATH '$[0]', passed BIGINT PATH '$[1]')) AS pause
WHERE IF(SLEEP(pause.seconds), TRUE, :news)
LIMIT 1
