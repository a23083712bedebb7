-- Which of these tables are there, in which schema, and what we have written on them.
SELECT
    CAST(CAST(to_regclass(name) AS oid) AS bigint) AS oid,
    (
        SELECT nspname
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE pg_class.oid = to_regclass(name)
    ) AS schema,
    obj_description(to_regclass(name), 'pg_class') AS mark
FROM unnest(CAST($1 AS text[])) WITH ORDINALITY AS named (name, number)
ORDER BY number
