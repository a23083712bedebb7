-- Every row is counted, for people.
SELECT
    queue,
    CASE
        WHEN due <= statement_timestamp() THEN 'pending'
        WHEN running THEN 'running'
        ELSE 'scheduled'
    END AS state,
    count(*) AS count
FROM {queue_table}
GROUP BY 1, 2
UNION ALL
SELECT queue, state, count(*)
FROM {dead_letter_table}
GROUP BY 1, 2
