-- By the primary key. Numbers that were replaced leave gaps, so at most as many are kept.
DELETE FROM completed WHERE seq <= (SELECT max(seq) FROM completed) - ?
