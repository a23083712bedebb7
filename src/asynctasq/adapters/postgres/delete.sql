-- By primary keys.
WITH forgotten AS (
    DELETE FROM {queue_table}
    WHERE id = ANY ($1::text[]) AND NOT (running AND due > statement_timestamp())
    RETURNING id
),
forgotten_kept AS (
    DELETE FROM {dead_letter_table} WHERE id = ANY ($1::text[]) RETURNING id
)
SELECT array_agg(each.id) AS ids
FROM (SELECT id FROM forgotten UNION ALL SELECT id FROM forgotten_kept) AS each
