-- What a table without a mark is made of. With literals, or the server would open every table that it has.
SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :table
