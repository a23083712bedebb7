-- Whether this call was made before.
SELECT number FROM {sender} WHERE sender = :sender AND number = :number
