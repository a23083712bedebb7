-- The last call of each sender, by which a repetition of it is known. A row is written anew with every call, in the
-- room beside it.
CREATE TABLE {sender_table} (
    sender text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT statement_timestamp()
) WITH (fillfactor = 20)
