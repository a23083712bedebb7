-- Found by the unique index on id; the new row is the latest.
INSERT OR REPLACE INTO completed (id, finished_at, record) VALUES (?, ?, ?)
