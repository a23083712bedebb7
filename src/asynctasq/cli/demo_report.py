"""What the demo has seen of each task, and how it shows that."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import Factory, define, field, frozen
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from asynctasq.app.definition import Mode
from asynctasq.cli.output import printable
from asynctasq.cli.views import reason
from asynctasq.domain.lifecycle import State
from asynctasq.domain.views import MessageView

STYLES = {"succeeded": "green", "dead": "red", "running": "yellow", "lost": "bold red"}
ENDED = ("succeeded", "dead", "lost")


@define
class Sight:
    """One dispatched task as it was last seen."""

    id: str
    what: str
    mode: Mode
    state: str = field(default="pending", kw_only=True)
    attempt: int = field(default=0, kw_only=True)
    reason: str = field(default="", kw_only=True)

    def update(self, view: MessageView | None, notes: Sequence[Mapping[str, Any]]) -> None:
        """From what the queue says, and what the task itself wrote down: it counts only if it came to its end."""
        self.attempt = max((note["attempt"] for note in notes), default=0)
        if view is not None:
            self.state, self.reason = view.state.value, reason(view)
        elif any(note["event"] == "finished" for note in notes):
            self.state = "succeeded"
        else:
            self.state = "lost"


@frozen
class Report:
    sights: Sequence[Sight] = field(default=Factory(list[Sight]))

    @property
    def complete(self) -> bool:
        return all(sight.state in ENDED for sight in self.sights)

    def as_json(self, driver: str, seconds: float) -> dict[str, Any]:
        by_state = Counter(sight.state for sight in self.sights)
        done = Counter(sight.mode for sight in self.sights if sight.state == "succeeded")
        return {
            "driver": driver,
            "dispatched": len(self.sights),
            "succeeded": by_state["succeeded"],
            "retried": sum(sight.attempt > 1 for sight in self.sights),
            "dead": by_state[State.DEAD.value],
            "seconds": round(seconds, 2),
            "modes": {mode.value: done[mode] for mode in Mode},
        }

    def table(self) -> RenderableType:
        table = Table("task", "mode", "attempts", "state", box=None, pad_edge=False, header_style="bold")
        for sight in self.sights:
            state = Text(sight.state, STYLES.get(sight.state, "dim"))
            if sight.reason:
                state.append(f"  {printable(sight.reason)}", "dim")
            table.add_row(sight.what, sight.mode.value, str(sight.attempt), state)
        return table


def read_notes(ledger: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """What each task wrote down so far, by its id."""
    notes: dict[str, list[Mapping[str, Any]]] = {}
    # The last line may still be being written.
    for line in ledger.read_text().splitlines(keepends=True) if ledger.exists() else ():
        if line.endswith("\n"):
            note = json.loads(line)
            notes.setdefault(note["id"], []).append(note)
    return notes
