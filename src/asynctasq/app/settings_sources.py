"""Where settings come from, and one error for everything in them that cannot be used."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import attrs
from attrs import define, field, frozen
from dotenv import dotenv_values

from asynctasq.app.settings_info import PREFIX, SettingInfo, group_class, infos_of
from asynctasq.app.settings_values import convert, name_of
from asynctasq.domain.errors import ConfigurationError

MOST_LISTED = 15


@frozen
class _Found:
    value: object
    origin: str


@define
class Sources:
    """What was found for each key of `settings`. Of two sources the one that is read later wins."""

    settings: type[Any]
    infos: Mapping[str, SettingInfo] = field(init=False)
    found: dict[str, _Found] = field(init=False, factory=dict[str, _Found])
    problems: list[str] = field(init=False, factory=list[str])

    def __attrs_post_init__(self) -> None:
        self.infos = {info.name: info for info in infos_of(self.settings)}

    def read_file(self, path: Path) -> None:
        """A `.env` file, which may hold variables of other programs too, and need not exist."""
        try:
            self.read_variables(dotenv_values(path), f"in {path}")
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{path} cannot be read: {error}")

    def read_variables(self, variables: Mapping[str, str | None], place: str) -> None:
        """Of an environment. An empty variable counts as not set."""
        by_variable = {info.variable: info for info in self.infos.values()}
        for variable, value in variables.items():
            if not variable.startswith(PREFIX) or not value:
                continue
            if info := by_variable.get(variable):
                self.found[info.name] = _Found(value, f"{variable} {place}")
            else:
                self.problems.append(f"{variable} {place} is no setting{_suggestion(variable, by_variable)}")

    def read_mapping(self, given: Mapping[str, Any]) -> None:
        """As in `{"driver": "redis", "redis": {"db": 5}}`."""
        keys = {each.name: group_class(each) for each in attrs.fields(self.settings)}
        for name, value in given.items():
            if not keys.get(name):
                self._take(name, value, keys)
            elif isinstance(value, Mapping):
                siblings = [info.name for info in self.infos.values() if info.group == name]
                for key, inner in cast("Mapping[str, Any]", value).items():
                    self._take(f"{name}.{key}", inner, siblings)
            else:
                self.problems.append(f"{name} is a group of settings: give a mapping of its keys")

    def build(self) -> Any:
        """The settings, or a ConfigurationError that names every problem."""
        values: dict[str, dict[str, Any]] = {}
        for name, found in self.found.items():
            info = self.infos[name]
            problem, value = _convert(info, found)
            if problem:
                self.problems.append(problem)
            else:
                values.setdefault(info.group, {})[info.key] = value
        groups = {each.name: self._group(each, values) for each in attrs.fields(self.settings) if group_class(each)}
        if self.problems:
            raise ConfigurationError("; ".join(self.problems))
        return self.settings(**values.get("", {}), **groups)

    def _take(self, name: str, value: object, allowed: Collection[str]) -> None:
        if name in allowed:
            self.found[name] = _Found(value, "given")
        else:
            self.problems.append(f"{name} is no setting{_suggestion(name, allowed)}")

    def _group(self, attribute: "attrs.Attribute[Any]", values: Mapping[str, Mapping[str, Any]]) -> object:
        try:
            return cast("type[Any]", attribute.type)(**values.get(attribute.name, {}))
        except ConfigurationError as error:  # keys that are fine alone and not together
            self.problems.append(f"{attribute.name}: {error}")
            return None


def _convert(info: SettingInfo, found: _Found) -> tuple[str | None, Any]:
    try:
        value = convert(found.value, info.type)
    except (ValueError, TypeError, OverflowError):
        return f"{info.name} ({found.origin}): {info.mask(found.value)} is not {name_of(info.type)}", None
    try:
        if info.attribute.validator:
            info.attribute.validator(None, info.attribute, value)
    except ConfigurationError as error:
        return f"{info.name} ({found.origin}): {error}", None
    return None, value


def _suggestion(name: str, allowed: Collection[str]) -> str:
    by_key = {each.rpartition(".")[2]: each for each in sorted(allowed)}
    close = difflib.get_close_matches(name.rpartition(".")[2], by_key, n=1, cutoff=0.75)
    if close:
        return f", did you mean {by_key[close[0]]}?"
    return f"; there are {', '.join(by_key.values())}" if len(by_key) <= MOST_LISTED else ""
