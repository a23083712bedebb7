"""One Python block of a guide: what the tables say of it, and the module that is made of it."""

import hashlib
import re
import textwrap
from collections.abc import Sequence

from attrs import field, frozen

FENCED = re.compile(r"^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
BROKER = re.compile(r"""(driver['"]?\s*[:=]\s*['"])(redis|postgres|mysql|rabbitmq|sqs)\b""")
ENTRY = 'if __name__ == "__main__":\n    from asynctasq import run\n\n    run(main())\n'


def blocks_of(guide: str) -> list[str]:
    return [textwrap.dedent(match["code"]) for match in FENCED.finditer(guide)]


def digest_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _listed(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.split(", ")) if isinstance(text, str) else text


@frozen
class Block:
    """What is put around a block, and what it does then. A digest stands for its text.

    `sent` lists its messages by queue and, if they are not simply drained, by what becomes of them: ` +60` stays
    scheduled for so many seconds, ` retry` waits for another attempt, ` dead` is buried. `tasks` lists them by mode,
    queue and name.
    """

    digest: str
    tasks: tuple[str, ...] = field(default=(), converter=_listed)
    sent: tuple[str, ...] = field(default=(), converter=_listed)
    reason: str = field(default="", kw_only=True)
    """Why it sends nothing."""
    needs: str = field(default="", kw_only=True)
    """The driver without which it cannot run: the worker's own one."""
    test_count: int = field(default=0, kw_only=True)
    """How many tests it holds: pytest runs it."""
    after: Sequence[int] = field(default=(), kw_only=True)
    """The blocks that it goes on from."""
    front: str = field(default="", kw_only=True)
    """Imports that were forgotten, and what else the block takes for granted."""
    back: str = field(default="", kw_only=True)
    """Subclasses with what the block leaves to its reader."""
    main: str = field(default="", kw_only=True)
    """The body of a `main()`, where the block has none."""
    awaits: bool = field(default=False, kw_only=True)
    """It is itself the body of a `main()`."""
    edits: Sequence[tuple[str, str]] = field(default=(), kw_only=True)
    brokers: tuple[str, ...] = field(default=(), converter=_listed, kw_only=True)
    """The drivers that it names: the worker's own one takes their place."""
    host: str = field(default="", kw_only=True)
    """The host that it calls: a local one takes its place."""

    def __attrs_post_init__(self) -> None:
        if bool(self.sent) is bool(self.reason):
            raise ValueError(f"block {self.digest}: either it sends something or there is a reason why not")

    def runs_on(self, driver: str) -> bool:
        return self.needs in ("", driver)

    def module(self, codes: Sequence[str], number: int, *, driver: str, site: str) -> str:
        """A script made of this block, the `number`th of its guide, with this driver and `site` for its host."""
        code = codes[number - 1]
        for old, new in self.edits:
            code = code.replace(old, new)
        parts = [self.front, *(codes[each - 1] for each in self.after), _body(code) if self.awaits else code, self.back]
        if self.main:
            parts.append(_body(self.main))
        text = "\n\n".join(filter(None, parts))
        if "async def main" in text and "__main__" not in text:
            text += f"\n\n{ENTRY}"
        return self._at_home(text, driver, site)

    def _at_home(self, text: str, driver: str, site: str) -> str:
        named = {broker for _, broker in BROKER.findall(text)}
        if named != set(self.brokers):
            raise ValueError(f"block {self.digest} names {sorted(named)} as drivers, the table {list(self.brokers)}")
        if self.host not in text:
            raise ValueError(f"block {self.digest} does not call {self.host}")
        text = BROKER.sub(rf"\1{driver}", text)
        return text.replace(self.host, site) if self.host else text


def _body(code: str) -> str:
    return f"async def main():\n{textwrap.indent(code.strip(), '    ')}\n"
