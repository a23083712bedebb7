-- What a commit waits for.
SELECT @@innodb_flush_log_at_trx_commit
