-- Version 2: tells people when it was. What is there already gets the time of the upgrade.
ALTER TABLE {dead}
ADD COLUMN ended_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) AFTER state,
COMMENT = 'asynctasq dead letters, schema 2'
