-- By the index id.
DELETE letter FROM {dead} AS letter FORCE INDEX (id) WHERE id IN (:ids)
