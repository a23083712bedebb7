-- Which of these ids the queue holds, by the unique index on id.
SELECT json_group_array(id) FROM message WHERE id IN (SELECT value FROM json_each(:ids))
