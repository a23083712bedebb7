"""`asynctasq publish`: every setting, as a file to begin with."""

from itertools import groupby
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from asynctasq.app.settings import describe
from asynctasq.app.settings_info import SettingInfo
from asynctasq.app.settings_values import name_of
from asynctasq.cli.output import say
from asynctasq.domain.errors import AsyncTasQError

NAME = ".env.example"
HEAD = """\
# Every setting of AsyncTasQ with its default. Copy it to .env and uncomment what is to differ.
# The environment goes before .env, and what init() or a flag says goes before both.
"""


def publish(
    *,
    output_dir: Annotated[Path, Parameter(metavar="D", help="where to [default: here]")] = Path(),
    force: Annotated[bool, Parameter(help="write over a file that is there")] = False,
) -> None:
    """Write .env.example, which names every setting with its default."""
    path = output_dir / NAME
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError:
        raise AsyncTasQError(f"{path} is there already: --force writes over it") from None
    except OSError as error:
        raise AsyncTasQError(f"{path} cannot be written: {error.strerror}") from error
    say(f"wrote {path}")


def example() -> str:
    """As a file for python-dotenv: nothing in it is set."""
    parts = [HEAD]
    for group, infos in groupby(describe(), key=lambda info: info.group):
        parts.append(f"\n# --- {group or 'general'} ---\n" + "".join(map(_lines, infos)))
    return "".join(parts)


def _lines(info: SettingInfo) -> str:
    kind = name_of(info.type)
    allowed = f", {kind}" if kind.startswith("one of") else ""
    computed = isinstance(info.default, str) and " " in info.default
    note = f" [{info.default}]" if computed else ""
    value = "" if computed or info.default in (None, ()) else str(info.default)
    shown = value.lower() if isinstance(info.default, bool) else value
    return f"# {info.help}{allowed}{note}\n# {info.variable}={shown}\n"
