"""Events reach their sinks in order and in batches; no sink makes anybody wait."""

import asyncio
import logging
import os

import pytest

from asynctasq.app import events as module
from asynctasq.app.broker import Broker
from asynctasq.app.events import Events
from asynctasq.domain.errors import Closed, Unavailable
from asynctasq.domain.events import Event, EventKind
from asynctasq.ports.events import EventSink


class Ear(EventSink):
    """Writes down what it hears; what it does before it answers is for a test to say."""

    def __init__(self, *, gate=None, error=None, open_error=None):
        self.batches = []
        self.gate = gate
        self.error = error
        self.open_error = open_error
        self.closed = False

    async def open(self):
        if self.closed:
            raise Closed
        if self.open_error:
            raise self.open_error

    async def close(self):
        self.closed = True

    async def ping(self):
        pass

    async def publish(self, events):
        if self.gate:
            await self.gate()
        self.batches.append([event.subject for event in events])
        if self.error:
            raise self.error

    @property
    def heard(self):
        return [subject for batch in self.batches for subject in batch]


def event(number):
    return Event(EventKind.TASK_STARTED, str(number), at=0.0)


@pytest.fixture
def broker():
    broker = Broker()
    yield broker
    broker.close()


def passed_on(broker, *sinks, count=100):
    """What sinks have heard once so many events were emitted and the application closed."""
    events = Events(broker, sinks)
    for number in range(count):
        events.emit(event(number))
    broker.submit(events.close).result(10)
    return events


def test_without_sinks_it_is_off():
    assert not Events(Broker(), []).on


def test_events_arrive_in_order_and_each_sink_is_closed(broker):
    one, other = Ear(), Ear()

    events = passed_on(broker, one, other)

    assert one.heard == other.heard == [str(number) for number in range(100)]
    assert (one.closed, other.closed) == (True, True)
    assert events.dropped_count == 0


def test_what_gathers_while_a_sink_is_busy_goes_together(broker):
    released = asyncio.Event()
    ear = Ear(gate=released.wait)
    events = Events(broker, [ear])

    events.emit(event(0))
    broker.submit(asyncio.sleep, 0).result(10)
    for number in range(1, 100):
        events.emit(event(number))
    broker.post(released.set)
    broker.submit(events.close).result(10)

    assert ear.batches == [["0"], [str(number) for number in range(1, 100)]]


def test_a_sink_that_is_too_slow_loses_the_oldest_and_the_others_nothing(broker, monkeypatch, caplog):
    monkeypatch.setattr(module, "BUFFER_LIMIT", 10)
    monkeypatch.setattr(module, "LAST_WORDS_SECONDS", 0.05)
    slow, quick = Ear(gate=asyncio.Event().wait), Ear()
    events = Events(broker, [slow, quick])

    for number in range(50):
        events.emit(event(number))
        broker.submit(asyncio.sleep, 0).result(10)
    waiting = [one.subject for one in events._outlets[0]._waiting]
    broker.submit(events.close).result(10)

    assert waiting == [str(number) for number in range(40, 50)]
    assert events.dropped_count == 39
    assert quick.heard == [str(number) for number in range(50)]
    assert "for 39 events" in caplog.text


def test_a_sink_that_raises_is_written_down_and_fed_on(broker, caplog):
    ear = Ear(error=ValueError("no"))

    events = passed_on(broker, ear, count=1000)

    assert ear.heard == [str(number) for number in range(1000)]
    assert events.dropped_count == 1000
    assert "did not take" in caplog.text


def test_a_sink_that_cannot_be_opened_holds_up_nobody(broker, monkeypatch, caplog):
    monkeypatch.setattr(module, "LAST_WORDS_SECONDS", 0.05)
    dead, quick = Ear(open_error=Unavailable("gone")), Ear()

    passed_on(broker, dead, quick)

    assert dead.heard == []
    assert len(quick.heard) == 100
    assert "takes no events, trying again in 5 s: gone" in caplog.text


def test_after_its_close_nothing_gathers(broker):
    ear = Ear()
    events = passed_on(broker, ear, count=1)

    events.emit(event(2))
    broker.submit(events.close).result(10)

    assert ear.heard == ["0"]
    assert not events._outlets[0]._waiting


def test_a_forked_child_tells_nothing_of_its_parent(broker):
    events = Events(broker, [Ear()])
    events._woken = True  # nobody is to pass it on before the fork
    events.emit(event(1))

    pid = os.fork()
    if pid == 0:
        os._exit(len(events._outlets[0]._waiting) + events._woken)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(events._outlets[0]._waiting) == 1


def test_an_event_is_plain_data():
    started = Event(EventKind.TASK_STARTED, "id-1", at=1.5, fields={"task": "shop:ship", "attempt": 2})
    online = Event(EventKind.WORKER_ONLINE, "host:1", at=2.0)

    assert started.plain() == {
        "event": "task_started",
        "task_id": "id-1",
        "at": 1.5,
        "task": "shop:ship",
        "attempt": 2,
    }
    assert online.plain() == {"event": "worker_online", "worker": "host:1", "at": 2.0}


def test_the_event_log_has_the_facts_as_fields(caplog):
    from asynctasq.adapters.logs.events import LogEventSink

    caplog.set_level(logging.INFO, "asynctasq.events")

    asyncio.run(LogEventSink().publish([Event(EventKind.TASK_STARTED, "id-1", at=1.5, fields={"attempt": 2})]))

    [record] = caplog.records
    assert record.getMessage() == "task_started id-1 attempt=2"
    assert (vars(record)["event"], vars(record)["task_id"], vars(record)["attempt"]) == ("task_started", "id-1", 2)
