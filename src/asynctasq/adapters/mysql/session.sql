-- What every statement of ours relies on, whatever the server's settings are. What a comment begins with says who reads
-- it: M! is MariaDB, and !80000 is MySQL 8.
SET
    /*M! SESSION max_statement_time = 0, */
    /*!80000 SESSION max_execution_time = 0, */
    SESSION autocommit = 1,
    SESSION time_zone = '+00:00',
    SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
    SESSION sql_notes = 0,
    SESSION innodb_lock_wait_timeout = 2,
    SESSION lock_wait_timeout = 30;
-- Under REPEATABLE READ a claim locks gaps, and other clients' inserts wait for it.
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
SELECT VERSION(), @@max_allowed_packet
