-- Fails (1690), and so keeps the rest of a packet from running, unless the statement before touched so many rows.
SET @whole = ~0 + (ROW_COUNT() <> :count)
