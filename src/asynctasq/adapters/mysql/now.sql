-- One instant for all statements of a packet.
SET @now = NOW(6)
