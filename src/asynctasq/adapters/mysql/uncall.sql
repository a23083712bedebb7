-- Its sender will not repeat an earlier one any more.
DELETE FROM {sender} WHERE sender = :sender AND number < :number
