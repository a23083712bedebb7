"""Text from anybody, made safe to show."""

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """With control characters spelled out: a message's error text is no command to the terminal."""
    if text.isprintable():
        return text
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
