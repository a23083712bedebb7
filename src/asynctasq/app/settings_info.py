"""Every setting described, for flags, for the reference and for errors."""

from collections.abc import Sequence
from typing import Any

import attrs
from attrs import Attribute, field, frozen

PREFIX = "ASYNCTASQ_"


@frozen
class SettingInfo:
    """One key: `group` is empty for those at the top. A default that is computed is a text that describes it."""

    group: str
    key: str
    type: Any = field(kw_only=True)
    default: object = field(kw_only=True)
    help: str = field(kw_only=True)
    secret: bool = field(kw_only=True)
    attribute: "Attribute[Any]" = field(kw_only=True, repr=False, eq=False)

    @property
    def name(self) -> str:
        """As in `redis.url`."""
        return f"{self.group}.{self.key}" if self.group else self.key

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return PREFIX + self.name.replace(".", "_").upper()

    def mask(self, value: object) -> str:
        """How a value is shown to people."""
        return self.attribute.metadata["mask"](value)


def infos_of(settings: type[Any]) -> Sequence[SettingInfo]:
    """Every key of a settings class, in the order in which they are declared."""
    infos: list[SettingInfo] = []
    for each in attrs.fields(settings):
        group = group_class(each)
        infos += [_info(each.name, key) for key in attrs.fields(group)] if group else [_info("", each)]
    return infos


def group_class(attribute: "Attribute[Any]") -> type[Any] | None:
    """The class of a group of settings, None for a single one."""
    return attribute.type if attribute.type and attrs.has(attribute.type) else None


def _info(group: str, attribute: "Attribute[Any]") -> SettingInfo:
    return SettingInfo(
        group,
        attribute.name,
        type=attribute.type,
        default=attribute.metadata["shown"] or attribute.default,
        help=attribute.metadata["help"],
        secret=attribute.metadata["secret"],
        attribute=attribute,
    )
