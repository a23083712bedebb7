"""How a setting is declared: a default, a sentence of help, what is allowed, what is never shown."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from attrs import NOTHING, Attribute, Factory, field

from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.options import check_option

Validator = Callable[[Any, "Attribute[Any]", Any], None]

HIDDEN = "***"


def setting(
    help: str,  # noqa: A002 - what every tool calls the text beside a flag
    default: object = NOTHING,
    *,
    factory: Callable[[], object] | None = None,
    shown: str | None = None,
    check: Validator | None = None,
    converter: Callable[[Any], object] | None = None,
    mask: Callable[[object], str] = repr,
) -> Any:
    """One key of a group. `shown` is how a default that is computed is described, `mask` how a value is shown."""
    return field(
        default=Factory(factory) if factory else default,
        validator=check,
        converter=converter,
        repr=mask,
        metadata={"help": help, "shown": shown, "mask": mask, "secret": mask is _mask_secret},
    )


def secret(help: str) -> Any:  # noqa: A002 - as above
    """A key whose value is never shown."""
    return setting(help, None, mask=_mask_secret)


def address(help: str, default: str | None = None, *, schemes: Sequence[str] = ()) -> Any:  # noqa: A002 - as above
    """A key that may hold a user and a password. Without `schemes` any is allowed."""
    return setting(help, default, check=_url_of(schemes), mask=mask_url)


def at_least(minimum: float) -> Validator:
    """None is allowed too, where the type of the key allows it."""
    return _rule(lambda value: value >= minimum, f"must be {minimum} or more")


def above(bound: float) -> Validator:
    """As `at_least`, without the bound itself."""
    return _rule(lambda value: value > bound, f"must be above {bound}")


def option(_: Any, attribute: "Attribute[Any]", value: Any) -> None:
    """The default of an option of a task may be what the option itself may be."""
    check_option(attribute.name, value)


def mask_url(value: object) -> str:
    """Where a URL leads, without user, password and query, any of which may be secret."""
    if value is None:
        return repr(value)
    try:
        parts = urlsplit(str(value))
    except ValueError:
        return repr(HIDDEN)
    if not parts.scheme or "@" in parts.path + parts.query + parts.fragment:
        return repr(HIDDEN)  # no URL at all, or a password that should have been percent-encoded
    _, at, host = parts.netloc.rpartition("@")
    return repr(urlunsplit((parts.scheme, f"{HIDDEN}@{host}" if at else host, parts.path, parts.query and HIDDEN, "")))


def _mask_secret(value: object) -> str:
    return repr(value and HIDDEN)


def _rule(holds: Callable[[Any], bool], text: str) -> Validator:
    def check(_: Any, attribute: "Attribute[Any]", value: Any) -> None:
        if value is not None and not holds(value):
            raise ConfigurationError(f"{attribute.name}={value!r}: {text}")

    return check


def _url_of(schemes: Sequence[str]) -> Validator:
    def check(_: Any, attribute: "Attribute[Any]", value: str | None) -> None:
        if value is not None and not _is_url(value, schemes):
            allowed = f"must be a URL that begins with {' or '.join(f'{each}://' for each in schemes) or 'scheme://'}"
            raise ConfigurationError(f"{attribute.name}={mask_url(value)}: {allowed}")

    return check


def _is_url(value: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return False
    return "://" in value and bool(parts.scheme) and (not schemes or parts.scheme in schemes)
