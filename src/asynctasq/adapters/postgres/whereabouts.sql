-- Where a connection of somebody else's leads. Asked before anything is written, because a statement that fails takes
-- the whole transaction with it.
SELECT
    CAST(CAST(to_regclass(CAST($1 AS text)) AS oid) AS bigint) AS oid,
    current_setting('transaction_read_only') = 'on' AS read_only,
    current_database() AS database
