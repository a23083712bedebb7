-- By the index completed_by_age.
DELETE FROM completed WHERE finished_at < ?
