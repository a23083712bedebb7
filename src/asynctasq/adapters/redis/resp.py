"""Commands as bytes of the Redis protocol."""


def packed(*words: bytes) -> bytes:
    """One command."""
    return b"*%d\r\n%b" % (len(words), b"".join(map(word, words)))


def word(value: bytes) -> bytes:
    """One word of a command; in front of all stands their number."""
    return b"$%d\r\n%b\r\n" % (len(value), value)
