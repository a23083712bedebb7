-- Fails as a duplicate (1062) if this call was made before. While it is still under way elsewhere, this one waits.
INSERT INTO {sender} (sender, number) VALUES (:sender, :number)
