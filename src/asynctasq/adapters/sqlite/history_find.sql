-- By the unique index on id.
SELECT record FROM completed WHERE id = ? AND finished_at >= ?
