-- Which of the two tables are there, and what we have written on them.
SELECT
    CAST(CAST(to_regclass($1) AS oid) AS bigint) AS queue_oid,
    obj_description(to_regclass($1), 'pg_class') AS queue_mark,
    CAST(CAST(to_regclass($2) AS oid) AS bigint) AS dead_oid,
    obj_description(to_regclass($2), 'pg_class') AS dead_mark
