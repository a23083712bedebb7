"""Ids of messages: UUIDs of version 7, which begin with the instant at which they were made (RFC 9562, section 5.7)."""

from datetime import UTC, datetime

import uuid_utils

LENGTH = 36
VERSION_AT = 14


def new_id() -> str:
    """Made now; none was ever made before, by anybody."""
    return str(uuid_utils.uuid7())


def made_at(id: str) -> datetime | None:
    """To the millisecond, aware and in UTC; None for an id of any other kind."""
    if len(id) != LENGTH or id[VERSION_AT] != "7":
        return None
    try:
        return datetime.fromtimestamp(int(id[:8] + id[9:13], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # no number, or one beyond the year 9999
        return None
