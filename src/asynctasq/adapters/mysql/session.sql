-- What every statement of ours relies on, whatever the server's settings are.
SET
    SESSION autocommit = 1,
    SESSION time_zone = '+00:00',
    SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
    SESSION sql_notes = 0,
    SESSION innodb_lock_wait_timeout = 2,
    SESSION lock_wait_timeout = 30;
-- Under REPEATABLE READ a claim locks gaps, and other clients' inserts wait for it.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT VERSION(), @@max_allowed_packet
