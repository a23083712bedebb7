-- Version 1 of the table of what waits or runs. A row lives from enqueue until it is acked, buried or cancelled.
-- `seq` is never given twice and `leases` never falls: together they are the fencing token.
-- `due` is when a message can be leased: when its delay is over, or when the lease of a running one ends.
-- `tier` is its priority, most urgent first. `error` is a JSON object.
CREATE TABLE {queue} (
    seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    id VARCHAR(255) NOT NULL,
    queue VARCHAR(60) NOT NULL,
    tier SMALLINT NOT NULL DEFAULT 0,
    due DATETIME(6) NOT NULL,
    running BOOLEAN NOT NULL DEFAULT FALSE,
    leases INT UNSIGNED NOT NULL DEFAULT 0,
    attempt INT UNSIGNED NOT NULL DEFAULT 0,
    failures INT UNSIGNED NOT NULL DEFAULT 0,
    owner VARCHAR(255) NULL,
    error MEDIUMTEXT NULL,
    header MEDIUMBLOB NOT NULL,
    body LONGBLOB NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE KEY id (id),
    KEY line (queue, tier, due)
)
ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'asynctasq queue, schema 1'
