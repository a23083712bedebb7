"""Takes leases, gives each a slot, hands in verdicts, and leaves gracefully.

Two loops work together. User code runs on the loop that called `run`; leasing, renewing and settling happen on the
broker's loop (`Desk`), so that nothing a task does can lose a lease.
"""

import asyncio
import contextlib
import logging
import random
import threading
from collections.abc import Callable, Sequence, Set

from asynctasq.app.attempt import Attempt, Interruption
from asynctasq.app.backoff import Backoff
from asynctasq.app.broker import Broker
from asynctasq.app.definition import Mode, TaskDefinition
from asynctasq.app.desk import Desk
from asynctasq.app.journal import Journal
from asynctasq.app.logs import together
from asynctasq.app.loops import start_soon
from asynctasq.app.options import WorkerOptions
from asynctasq.app.routes import Routes
from asynctasq.app.runner import Runner
from asynctasq.app.settler import Settled
from asynctasq.app.slots import Slot, Slots
from asynctasq.app.watch import Watch
from asynctasq.domain.decide import decide, exhaustion
from asynctasq.domain.errors import Unavailable
from asynctasq.domain.lease import Lease
from asynctasq.domain.outcome import ErrorInfo, Failed, Interrupted, Outcome, Skewed, Succeeded
from asynctasq.domain.verdict import Reason, Verdict

log = logging.getLogger("asynctasq.worker")

GRACE_SECONDS = 0.5
"""How long a cancelled coroutine gets to end."""
REMEMBERED_LIMIT = 1000
SKEW_PAUSE_SECONDS = 0.3
"""How long a slot stays empty after a task that only a newer worker may know."""


class Worker:
    """One `run` per object. `stop` may be called from signal handlers and other threads; a second call hurries.

    `leave`, if given, ends the process: then messages whose tasks cannot be stopped are given back at the end.
    Without it, in a host that lives on, such a task keeps its lease until it ends.
    """

    def __init__(
        self,
        broker: Broker,
        routes: Routes,
        runner: Runner,
        options: WorkerOptions,
        *,
        known_queues: Callable[[], Sequence[str]],
        leave: Callable[[], None] | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._broker = broker
        self._routes = routes
        self._runner = runner
        self._options = options
        self._known_queues = known_queues
        self._leave = leave
        self._journal = journal or Journal()
        self._slots = Slots(on_vacated=lambda: broker.post(self._desk.vacate))
        self._ended_early: dict[str, Interruption] = {}
        self._handed_in: list[Slot] = []
        self._running = False
        self._stop_count = 0
        self._patience: asyncio.Timeout | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`, or in a burst until there is nothing left to do. Cancelling it stops in a hurry."""
        self._loop = asyncio.get_running_loop()
        self._desk = Desk(
            self._routes,
            self._options,
            known_queues=self._known_queues,
            in_child=self._runner.in_child,
            on_leased=lambda leases, seated: self._loop.call_soon_threadsafe(self._begin, leases, seated),
            on_lost=lambda lost: self._post(self._lost, lost),
            on_settled=lambda settled: self._post(self._settled, settled),
            on_ended=lambda: self._post(self._stopping.set),
            watch=Watch(self._loop, threading.get_ident(), busy=lambda: len(self._slots) > 0, describe=self._blocker),
        )
        self._running = True
        if self._stop_count:
            return
        await self._runner.open()
        try:
            self._journal.online(self._options.concurrency)
            if await self._opened():
                await self._stopping.wait()
                await self._drain()
        except asyncio.CancelledError:
            self._stop_count += 1
            self._heed_stop()
            await self._drain()
            raise
        finally:
            await self._close()

    def stop(self) -> None:
        """Lease nothing more, let tasks finish for `shutdown_timeout`, stop the rest. Again: stop them at once."""
        if not self._running:
            self._stop_count += 1
            return
        # Each loop counts for itself: a second signal may arrive within the handler of the first, right here.
        if self._leave is not None:
            self._broker.post(self._desk.leave_soon, self._leave)
        self._post(self._heed_stop)

    @property
    def _patience_seconds(self) -> float:
        return 0.0 if self._stop_count > 1 else self._options.shutdown_timeout

    def _heed_stop(self) -> None:
        self._stop_count += 1
        self._stopping.set()
        self._broker.post(self._desk.stop_taking)
        if self._patience is not None and self._stop_count > 1:
            self._patience.reschedule(self._loop.time())

    async def _opened(self) -> bool:
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                await self._broker.call(self._desk.open)
            except Unavailable as error:
                await self._pause(backoff, error)
            else:
                return True
        return False

    async def _pause(self, backoff: Backoff, error: Unavailable) -> None:
        seconds = backoff.next_seconds()
        log.warning("the queue gives no answer, asking again in %.1f s: %s", seconds, error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _begin(self, leases: Sequence[Lease], seated: Set[str]) -> None:
        for lease in leases:
            slot = self._slots.take(Attempt(lease), seated=lease.token in seated)
            if ended := self._ended_early.pop(lease.token, None):
                self._interrupt(slot, ended)
            # No TaskGroup: a task that ignores its cancellation would keep the worker from ever leaving.
            start_soon(self._loop, self._attempt(slot))

    async def _attempt(self, slot: Slot) -> None:
        attempt = slot.attempt
        slot.task = asyncio.current_task()
        if attempt.lease.exhausted and attempt.lease.defect is None:
            await self._bury(slot)
            self._free_seat(slot)
        else:
            outcome = attempt.outcome = await self._outcome(slot)
            self._free_seat(slot)
            if attempt.interruption in (Interruption.LOST, Interruption.CANCELLED):
                slot.lingers = True
                self._slots.settle(slot)
            else:
                self._hand_in(slot, decide(attempt.lease, outcome, random.random))
            if isinstance(outcome, Skewed):
                # Giving back is quicker than running: without a pause an old worker would take it from the new ones.
                await asyncio.sleep(SKEW_PAUSE_SECONDS)
            elif not isinstance(outcome, Succeeded):
                await self._runner.vacated(attempt)
        self._slots.end(slot)

    def _free_seat(self, slot: Slot) -> None:
        if slot.seated:  # before the settlement: what comes next need not wait for it
            self._broker.post(self._desk.free_seat)

    async def _outcome(self, slot: Slot) -> Outcome:
        attempt = slot.attempt
        if attempt.interruption is not None:
            return Interrupted()
        try:
            ready = self._runner.read(attempt)
            if not isinstance(ready, TaskDefinition):
                return ready
            if ready.mode.in_child and not slot.seated:  # it was not known to need a seat: next time it is
                attempt.interruption = Interruption.CROWDED_OUT
                return Interrupted()
            self._journal.started(attempt)
            outcome = await self._runner.run(attempt)
        except asyncio.CancelledError as error:
            outcome = Failed(ErrorInfo.of(error))
        except Exception as error:
            log.exception("the attempt of %s could not be run", attempt.lease.message.id)
            outcome = Failed(ErrorInfo.of(error))
        # What fails because it was interrupted has not failed.
        return outcome if attempt.interruption is None or isinstance(outcome, Succeeded) else Interrupted()

    async def _bury(self, slot: Slot) -> None:
        """The burial comes first, then the task hears of it: a hook that kills the worker must not bring it back."""
        verdict = exhaustion(slot.attempt.lease)
        slot.buried = self._loop.create_future()
        self._hand_in(slot, verdict)
        if await slot.buried:
            with contextlib.suppress(asyncio.CancelledError):
                await self._runner.mourn(slot.attempt, verdict.error.message)

    def _hand_in(self, slot: Slot, verdict: Verdict) -> None:
        slot.attempt.verdict = verdict
        if not self._handed_in:
            self._loop.call_soon(self._hand_over)
        self._handed_in.append(slot)

    def _hand_over(self) -> None:
        slots, self._handed_in = self._handed_in, []
        lingering: list[str] = []
        for slot in slots:
            if not slot.ended:
                slot.lingers = True
                lingering.append(slot.attempt.lease.token)
        self._broker.post(self._desk.put, [slot.attempt.verdict for slot in slots], lingering)

    def _settled(self, settled: Sequence[Settled]) -> None:
        with together():
            for verdict, refusal in settled:
                if (slot := self._slots.get(verdict.lease.token)) is None:
                    continue
                self._journal.settled(slot.attempt, verdict, refusal)
                if slot.buried is not None:
                    slot.buried.set_result(refusal is None)
                self._slots.settle(slot)

    def _lost(self, lost: Sequence[tuple[Lease, Reason]]) -> None:
        for lease, reason in lost:
            interruption = Interruption.CANCELLED if reason is Reason.CANCELLED else Interruption.LOST
            if (slot := self._slots.get(lease.token)) is None:
                self._note_early_end(lease, interruption)
            elif slot.attempt.verdict is None:
                self._interrupt(slot, interruption)

    def _note_early_end(self, lease: Lease, interruption: Interruption) -> None:
        """It is still on its way to a slot, or was given back before it got one."""
        self._ended_early[lease.token] = interruption
        while len(self._ended_early) > REMEMBERED_LIMIT:
            del self._ended_early[next(iter(self._ended_early))]

    def _interrupt(self, slot: Slot, interruption: Interruption) -> None:
        attempt = slot.attempt
        if attempt.interruption is not None:
            return
        attempt.interruption = interruption
        attempt.flag.raised = True
        self._journal.interrupted(attempt, interruption)
        if slot.task is not None:
            slot.task.cancel()

    async def _drain(self) -> None:
        """Let tasks finish and be settled, then cancel what can be cancelled; what cannot is left running."""
        await self._broker.call(self._desk.end_taking)
        if await self._emptied(self._patience_seconds):
            return
        for slot in self._slots:
            if slot.attempt.mode is Mode.THREAD:
                slot.attempt.flag.raised = True
            elif slot.attempt.verdict is None:
                self._interrupt(slot, Interruption.STOPPED)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._slots.empty(), GRACE_SECONDS)

    async def _emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds) as self._patience:
                await self._slots.empty()
        except TimeoutError:
            return False
        finally:
            self._patience = None  # what comes now is short, and no signal is to make it shorter
        return True

    async def _close(self) -> None:
        self._journal.offline()
        if not len(self._slots):
            await self._runner.close()
            await self._broker.call(self._desk.close)
        elif self._leave is not None:
            await self._broker.call(self._desk.give_up)
        # Else what still runs keeps its lease, and the desk stays open for it.

    def _post(self, function: Callable[..., object], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the task loop has closed: nobody is left to hear it
            self._loop.call_soon_threadsafe(function, *args)

    def _blocker(self) -> str | None:
        """The task that the loop is running right now; asked from the broker's thread."""
        current = asyncio.current_task(self._loop)
        for slot in self._slots:
            if slot.task is current:
                message = slot.attempt.lease.message
                return f"task {message.task} {message.id}"
        return None
