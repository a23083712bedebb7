-- Version 1 of the table of what is dead or cancelled, as it left the queue.
CREATE TABLE {dead} (
    seq BIGINT UNSIGNED NOT NULL,
    id VARCHAR(255) NOT NULL,
    queue VARCHAR(60) NOT NULL,
    state ENUM('dead', 'cancelled') NOT NULL,
    tier SMALLINT NOT NULL DEFAULT 0,
    leases INT UNSIGNED NOT NULL,
    attempt INT UNSIGNED NOT NULL,
    failures INT UNSIGNED NOT NULL,
    owner VARCHAR(255) NULL,
    error MEDIUMTEXT NULL,
    header MEDIUMBLOB NOT NULL,
    body LONGBLOB NOT NULL,
    PRIMARY KEY (seq),
    UNIQUE KEY id (id),
    KEY kept (state, seq, queue)
)
ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'asynctasq dead letters, schema 1'
