-- By the index kept.
DELETE FROM {dead} WHERE state IN (:states) AND queue = :queue ORDER BY state, seq LIMIT :limit
