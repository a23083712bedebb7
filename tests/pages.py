"""The documentation as data: its pages, their blocks of code, their links."""

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(.*)$")
_FILE = re.compile(r"# (\w+(?:/\w+)*\.py)$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@frozen
class Block:
    """`line` is where its fence stands. A block whose first line is a comment with the name of a file is that file."""

    page: Path
    line: int
    language: str
    code: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str | None:
        match = _FILE.match(self.code.partition("\n")[0])
        return match and match[1]


def blocks(page: Path) -> list[Block]:
    return [Block(page, *each) for each in _fenced(page.read_text(encoding="utf-8").splitlines())]


def _fenced(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    opened: tuple[int, str] | None = None
    code: list[str] = []
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence and opened is None:
            opened, code = (number, fence[1].strip()), []
        elif fence and opened is not None:
            yield *opened, "\n".join(code) + "\n"
            opened = None
        else:
            code.append(line)
    if opened is not None:
        raise ValueError(f"the block that begins in line {opened[0]} has no end")


def links(page: Path) -> list[str]:
    """Where the page points to, outside of its code."""
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return _LINK.findall(re.sub(r"`[^`\n]*`", "``", prose))


def spans(page: Path) -> list[str]:
    """The code within its sentences."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def anchors(page: Path) -> set[str]:
    """What a link may put after `#`: the headings as they are known to the usual viewers."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@frozen
class Command:
    """One line after a `$`, and what the page shows that it prints."""

    block: Block
    line: str
    shown: str


def commands(block: Block) -> list[Command]:
    found: list[Command] = []
    for line in block.code.splitlines():
        if line.startswith("$ "):
            found.append(Command(block, line[2:], ""))
        elif found:
            found[-1] = Command(block, found[-1].line, f"{found[-1].shown}{line}\n")
        else:
            raise ValueError(f"{block.where}: a console block begins with a command")
    return found
