-- Version 1 of the table of senders: the last call of each, by which a repetition of it is known.
CREATE TABLE {sender} (
    sender VARCHAR(255) NOT NULL,
    number BIGINT NOT NULL,
    seen_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    PRIMARY KEY (sender)
)
ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
COMMENT = 'asynctasq senders, schema 1'
