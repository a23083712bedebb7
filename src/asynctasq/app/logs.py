"""How a worker and its children log when its users' modules have not said otherwise."""

import contextlib
import json
import logging
import time
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, TextIO

from asynctasq.app.context import TaskFields
from asynctasq.app.printable import printable
from asynctasq.app.settings import WorkerSettings

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(settings: WorkerSettings) -> None:
    """Log to stderr, from `info` on. A root logger that has handlers stays as it is."""
    level = settings.log_level.upper() if settings.log_level else None
    root = logging.getLogger()
    if root.handlers:
        if level:
            logging.getLogger("asynctasq").setLevel(level)
        return
    handler = Lines()
    handler.addFilter(TaskFields())
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    root.addHandler(handler)
    # Our lines show none of this, and finding it out takes a tenth of the time of a line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root.setLevel(level or logging.INFO)


@contextlib.contextmanager
def together() -> Generator[None]:
    """Write what is logged within at its end, where `configure` decides who writes."""
    with contextlib.ExitStack() as stack:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, Lines):
                stack.enter_context(handler.together())
        yield


class Lines(logging.StreamHandler[TextIO]):
    """To stderr. A write lets another thread have the interpreter, and to get it back takes longer than the line."""

    def __init__(self) -> None:
        super().__init__()
        self._held: list[str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._held is None:
            super().emit(record)
            return
        try:
            self._held.append(self.format(record))
        except Exception:  # noqa: BLE001 - as every handler: what cannot be logged stops nobody
            self.handleError(record)

    @contextlib.contextmanager
    def together(self) -> Generator[None]:
        self._held = []
        try:
            yield
        finally:
            with self.lock or contextlib.nullcontext():
                lines, self._held = self._held, None
                if lines:
                    self.stream.write("\n".join([*lines, ""]))
                    self.flush()


class TextLines(logging.Formatter):
    """A line that a task has written names the task. What errors say is no command to the terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._second, self._time = 0, ""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{self._when(record)} {record.levelname:<8} {record.name}: {record.getMessage()}"
        fields = vars(record)
        for name in ("task_id", "correlation_id"):
            value = fields.get(name)
            if value and value not in text:
                text += f" [{name} {value}]"
        if record.exc_info:
            text += f"\n{self.formatException(record.exc_info)}"
        if record.stack_info:
            text += f"\n{self.formatStack(record.stack_info)}"
        return printable(text)

    def _when(self, record: logging.LogRecord) -> str:
        """Spelled out once a second: a busy worker writes thousands of lines in each."""
        second = int(record.created)
        if second != self._second:
            self._second, self._time = second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        return f"{self._time},{int(record.msecs):03d}"


class JsonLines(logging.Formatter):
    """One object a line, with every field that was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS and value is not None}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**extra, **line}, default=str)
