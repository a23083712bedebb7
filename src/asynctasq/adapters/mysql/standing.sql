-- Our mark on a table. With literals, or the server would open every table that it has.
SELECT table_comment FROM information_schema.tables WHERE table_schema = :schema AND table_name = :table
