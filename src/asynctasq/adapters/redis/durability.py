"""What a server is set to that a queue should not rest on, in words."""

from collections.abc import Mapping, Sequence

from asynctasq.domain.errors import ConfigurationError

OLDEST = (6, 2)


def parsed_info(answer: bytes) -> Mapping[str, str]:
    """What INFO says, which every user may ask."""
    lines = (line.partition(":") for line in answer.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon}


def check_version(info: Mapping[str, str], address: str) -> None:
    """Raise for a server that lacks what the scripts call."""
    version = info.get("redis_version", "0.0")
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise ConfigurationError(f"{address} is Redis {version}: use 6.2 or newer, or Valkey")


def warnings(info: Mapping[str, str]) -> Sequence[str]:
    """One sentence for each setting by which tasks may be lost, with the remedy."""
    found: list[str] = []
    if info.get("aof_enabled") == "0":
        found.append(
            "appendonly is off: tasks are lost when the server ends or its machine does; "
            "set `appendonly yes`, and `appendfsync always` to lose nothing"
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(f"maxmemory-policy is {policy}: when memory is short tasks are thrown away; set `noeviction`")
    return found
