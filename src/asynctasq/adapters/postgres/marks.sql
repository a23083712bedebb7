-- Which of these tables are there, and what we have written on them.
SELECT
    CAST(CAST(to_regclass(name) AS oid) AS bigint) AS oid,
    obj_description(to_regclass(name), 'pg_class') AS mark
FROM unnest(CAST($1 AS text[])) WITH ORDINALITY AS named (name, number)
ORDER BY number
