"""Every setting as a flag, made from what the settings say of themselves."""

from typing import Annotated, Any

import attrs
from cyclopts import Group, Parameter

from asynctasq.app.settings import describe
from asynctasq.app.settings_info import SettingInfo
from asynctasq.app.settings_values import name_of

_ALIASES = {
    "worker.concurrency": "--concurrency",
    "sqs.aws_access_key_id": "--aws-access-key-id",
    "sqs.aws_secret_access_key": "--aws-secret-access-key",
}
_METAVARS = {"a whole number": "N", "a number": "N", "a path": "PATH"}

_infos = {info.name.replace(".", "__"): info for info in describe()}
_groups = {
    group: Group(f"Settings: {group.replace('_', ' ') or 'general'}", sort_key=position)
    for position, group in enumerate(dict.fromkeys(info.group for info in _infos.values()))
}


def _flag(info: SettingInfo) -> Any:
    name = "--" + info.name.replace(".", "-").replace("_", "-")
    alias = _ALIASES.get(info.name)
    parameter = Parameter(
        name=[alias, name] if alias else name,
        group=_groups[info.group],
        help=f"{info.help} [{_allowed(info)}default: {_default(info)}]",
        metavar=_METAVARS.get(name_of(info.type), "TEXT"),
    )
    # Values stay text, as in the environment: the settings alone know what they may be.
    kind: Any = Annotated[(bool if info.type is bool else str) | None, parameter]
    return attrs.field(default=None, type=kind)


def _allowed(info: SettingInfo) -> str:
    text = name_of(info.type)
    return f"{text}; " if text.startswith("one of") else ""


def _default(info: SettingInfo) -> object:
    return "none" if info.default in (None, ()) else info.default


@Parameter(name="*")
@attrs.define(kw_only=True, repr=False, these={name: _flag(info) for name, info in _infos.items()})
class Flags:
    """The settings given on the command line. They hold secrets, so they have no `repr`."""

    def given(self) -> dict[str, Any]:
        """As `init` takes them: `{"driver": "redis", "redis": {"db": "5"}}`."""
        given: dict[str, Any] = {}
        for name, info in _infos.items():
            value = getattr(self, name)
            if value is not None:
                group = given.setdefault(info.group, {}) if info.group else given
                group[info.key] = value
        return given


NO_FLAGS = Flags()
