"""Real processes around one broker: started, killed, frozen and watched. Nothing of them outlives the fleet."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from attrs import define, field

from asynctasq import plugins
from asynctasq.app.settings import Settings
from asynctasq.domain.lifecycle import State
from asynctasq.domain.views import MessageView
from asynctasq.ports.admin import QueueAdmin
from asynctasq.ports.queue import Queue
from tests.acceptance.ledger import Ledger, note

T = TypeVar("T")

HERE = Path(__file__).parent
PATIENCE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.02
IMMORTAL = ""
READY = " python  "
"""How the last line of a worker's banner begins."""


@define(eq=False)
class Process:
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def text(self) -> str:
        """Everything that it has written so far."""
        return self.log.read_text(errors="replace")

    @property
    def status(self) -> int | None:
        """How it ended, None while it runs."""
        return self.popen.poll()

    @property
    def cpu_seconds(self) -> float:
        """By the clock that `clock_getcpuclockid` names: /proc counts in ticks, too coarse for an idle process."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def lines(self, *words: str) -> list[str]:
        """The lines of its log in which all the words occur."""
        return [line for line in self.text.splitlines() if all(word in line for word in words)]

    def freeze(self) -> None:
        note("frozen", pid=self.pid)
        self.popen.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        note("thawed", pid=self.pid)
        self.popen.send_signal(signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.popen.send_signal(number)

    def ended(self, *, within: float = PATIENCE_SECONDS) -> int:
        return self.popen.wait(within)


@define(eq=False)
class Post:
    """A process that is started again whenever it dies with the status that its death has, with the next fate."""

    start: Callable[[str], Process]
    fates: list[str] = field(factory=list)
    death: int = -signal.SIGKILL
    process: Process = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.process = self._next()

    def tend(self) -> None:
        status = self.process.status
        assert status in (None, 0, self.death), self.process.text
        if status == self.death:
            self.process = self._next()

    def _next(self) -> Process:
        return self.start(self.fates.pop(0) if self.fates else IMMORTAL)


class Fleet:
    """`folder` holds the scripts of `jobs`, the ledger, the logs and, unless `variables` name another, the queue."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.path = folder / "queue.db"
        self.variables = variables or {"ASYNCTASQ_SQLITE_PATH": str(self.path)}
        self.ledger = Ledger(folder / "ledger")
        self.processes: list[Process] = []
        for script in [HERE / "ledger.py", *(HERE / "jobs").glob("*.py")]:
            shutil.copy(script, folder)

    def __enter__(self) -> Self:
        os.environ["LEDGER"] = str(self.ledger.path)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCTASQ_")}
        self._environment = clean | self.variables
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ["LEDGER"]
        for process in self.processes:
            if process.status is None:
                process.popen.kill()
                process.popen.wait()
            print(f"--- {process.log.name}, status {process.status}\n{process.text[-4000:]}")

    def start(
        self, *command: str, env: Mapping[str, str] | None = None, folder: Path | None = None, given: bytes = b""
    ) -> Process:
        """Run Python with this command; its own settings go into its environment, what is given to its input."""
        number = len(self.processes)
        log, standard_input = self.folder / f"{number:03d}.log", self.folder / f"{number:03d}.input"
        standard_input.write_bytes(given)
        with log.open("ab") as output, standard_input.open("rb") as source:
            popen = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder or self.folder,
                env=self._environment | (env or {}),
                stdin=source,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def worker(self, *, folder: Path | None = None, **settings: object) -> Process:
        """`asynctasq worker` with these `worker` settings."""
        return self.start("-m", "asynctasq", "worker", env=_environment(settings), folder=folder)

    def doomed_worker(self, fate: str, *, sabotage: str = "", **settings: object) -> Process:
        """A worker that dies as `fate` says, on a queue that may be sabotaged."""
        return self.start("doomed.py", env=_environment(settings) | {"FATE": fate, "SABOTAGE": sabotage})

    def ready(self, *workers: Process) -> None:
        """Wait until these say that they are there."""
        self.until(lambda: all(READY in worker.text for worker in workers))

    def dispatcher(
        self,
        task: str,
        calls: Sequence[Mapping[str, Any]],
        *,
        fate: str = IMMORTAL,
        pause_seconds: float = 0.0,
        **config: object,
    ) -> Process:
        """A process that dispatches what the ledger does not say has been dispatched already, with pauses between."""
        work = json.dumps({"task": task, "calls": calls, "config": config, "pause_seconds": pause_seconds})
        return self.start("dispatch.py", env={"FATE": fate}, given=work.encode())

    def dispatch(self, task: str, *calls: Mapping[str, Any], **config: object) -> list[str]:
        """The ids, in the order of the calls."""
        process = self.dispatcher(task, calls, **config)
        assert process.ended() == 0, process.text
        ids = {entry.index: entry.id for entry in self.ledger.entries("dispatched")}
        return [ids[call["index"]] for call in calls]

    def until(self, true: Callable[[], T], *, within: float = PATIENCE_SECONDS, tending: Sequence[Post] = ()) -> T:
        """Return what `true` says once it is something; processes at their posts are started again meanwhile."""
        deadline = time.monotonic() + within
        while not (answer := true()):
            assert time.monotonic() < deadline, f"not within {within:g} s"
            for post in tending:
                post.tend()
            time.sleep(LOOK_AGAIN_SECONDS)
        return answer

    def started(self, count: int, *, pid: int | None = None) -> None:
        """Wait until so many attempts have begun, in all or on one worker."""
        self.until(lambda: len([one for one in self.ledger.entries("started") if pid in (None, one.pid)]) >= count)

    def settled(self, *, within: float = PATIENCE_SECONDS) -> None:
        """Wait until the queue holds nothing but dead letters."""
        self.until(lambda: not any(self.counts()[:3]), within=within)

    def counts(self, queue: str = "default") -> tuple[int, int, int, int]:
        """Pending, scheduled, running, dead."""
        for stats in self.ask(lambda admin: admin.stats()):
            if stats.name == queue:
                return stats.pending or 0, stats.scheduled or 0, stats.running or 0, stats.dead or 0
        return 0, 0, 0, 0

    def dead(self) -> dict[str, MessageView]:
        page = self.ask(lambda admin: admin.find(state=State.DEAD, limit=1000))
        return {view.message.id: view for view in page.messages}

    def view(self, id: str) -> MessageView:
        return self.ask(lambda admin: admin.fetch([id]))[0]

    def queue(self) -> Queue:
        """A client of the fleet's broker, not opened."""
        settings = Settings.load(environ=self.variables, dotenv=None)
        return plugins.load("queues", settings.driver)(settings)

    def ask(self, question: Callable[[QueueAdmin], Coroutine[Any, Any, T]]) -> T:
        async def answer() -> T:
            queue = self.queue()
            await queue.open()
            try:
                return await question(queue.admin)
            finally:
                await queue.close()

        return asyncio.run(answer())


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    return {f"ASYNCTASQ_WORKER_{key.upper()}": str(value) for key, value in settings.items()}
