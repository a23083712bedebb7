"""A signature holds for one message as it was dispatched, and for nothing else."""

import asyncio
import json
import logging
import traceback

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from asynctasq import task
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.app.attempt import Attempt
from asynctasq.app.runner import Runner
from asynctasq.app.signing import HEADER, Signer, signer_of
from asynctasq.container import build
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.lease import Lease
from asynctasq.domain.message import Message
from asynctasq.domain.retry import RetryPolicy
from asynctasq.domain.wire import dumps_header, loads_message
from asynctasq.testing.strategies import any_text, messages, policies, queue_names

KEY = "a key of the tests that is long enough"
SIGNER = signer_of(KEY)
BITS = 8


def signed(message, signer=SIGNER):
    signer.sign(message)
    return message


def example():
    policy = RetryPolicy.exponential(5, delay_seconds=60)
    headers = {"dispatched_at": "2026-01-02T03:04:05+00:00", "timeout": "30.0", "correlation_id": "order-7"}
    return Message("id-1", "orders", task="shop:ship", body=b"\x01\x92\x90\x80", headers=headers, policy=policy)


def on_the_wire(message):
    loaded, defect = loads_message(message.id, message.queue, dumps_header(message), message.body)
    return None if defect else loaded


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // BITS] ^= 1 << bit % BITS
    return bytes(changed)


@given(message=messages)
def test_what_was_signed_verifies_after_its_journey(message):
    assert SIGNER.verify(on_the_wire(signed(message))) is None


@given(message=messages, again=st.floats(0, 1e6))
def test_how_often_and_when_it_is_delivered_is_not_signed(message, again):
    assert SIGNER.verify(attrs.evolve(signed(message), delay_seconds=again)) is None


@given(message=messages, other=messages, field=st.sampled_from(["id", "queue", "task", "body", "policy", "priority"]))
def test_no_field_can_be_exchanged(message, other, field):
    changed = attrs.evolve(signed(message), **{field: getattr(other, field)})
    assume(getattr(message, field) != getattr(other, field))

    assert SIGNER.verify(changed).kind == "Forged"


@given(message=messages, headers=st.dictionaries(any_text, any_text, min_size=1, max_size=2))
def test_no_header_can_be_added_or_exchanged(message, headers):
    changed = attrs.evolve(signed(message), headers={**message.headers, **headers})
    assume(changed.headers != message.headers)

    assert SIGNER.verify(changed) is not None


@given(message=messages, data=st.data())
def test_no_header_can_be_removed(message, data):
    gone = data.draw(st.sampled_from(sorted(signed(message).headers)))
    rest = {name: value for name, value in message.headers.items() if name != gone}

    assert SIGNER.verify(attrs.evolve(message, headers=rest)) is not None


def test_no_bit_of_the_body_can_be_changed():
    message = signed(example())

    for bit in range(len(message.body) * BITS):
        assert SIGNER.verify(attrs.evolve(message, body=flipped(message.body, bit))).kind == "Forged"


def test_no_bit_of_the_header_can_be_changed_unless_it_says_the_same():
    message = signed(example())
    header = dumps_header(message)
    accepted = []

    for bit in range(len(header) * BITS):
        loaded, defect = loads_message(message.id, message.queue, flipped(header, bit), message.body)
        if defect is None and SIGNER.verify(loaded) is None:
            accepted.append(loaded)

    assert accepted == [message] * len(accepted)
    assert len(accepted) < 5


@given(message=messages, text=st.text(min_size=2, max_size=20), cut=st.integers(1, 19))
def test_nothing_can_be_moved_from_one_field_to_the_next(message, text, cut):
    one = attrs.evolve(message, queue="q", task=text)
    other = attrs.evolve(message, queue=f"q{text[:cut]}", task=text[cut:])

    assert signed(one).headers[HEADER] != signed(other).headers[HEADER]


@given(name=queue_names, policy=policies)
def test_whole_numbers_and_floats_are_signed_alike(name, policy):
    whole = attrs.evolve(policy, delay_seconds=60, factor=2, jitter=0)
    float_ = attrs.evolve(policy, delay_seconds=60.0, factor=2.0, jitter=0.0)
    message = Message("id-1", name, task="t", body=b"", policy=whole)

    assert SIGNER.verify(attrs.evolve(signed(message), policy=float_)) is None


def test_a_key_that_is_retired_still_verifies():
    message = signed(example(), signer_of("old key"))

    assert signer_of("new key, old key").verify(message) is None
    assert signer_of("new key").verify(message).kind == "Forged"


def test_the_first_key_signs():
    assert signer_of("one").verify(signed(example(), signer_of("one,two"))) is None
    assert signer_of("two").verify(signed(example(), signer_of("one,two"))) is not None


def test_what_is_not_signed_is_called_so():
    error = SIGNER.verify(example())

    assert error.kind == "Unsigned"
    assert "set signing_key where it is dispatched" in error.message


@pytest.mark.parametrize("signature", ["", "1:", "2:00", "\udcff", "é" * 64, "1:" + "0" * 64])
def test_a_made_up_signature_is_forged(signature):
    message = example()
    message.headers = {**message.headers, HEADER: signature}

    assert SIGNER.verify(message).kind == "Forged"


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_a_number_beyond_all_floats_is_forged(number):
    header = json.loads(dumps_header(signed(example())))
    header[4][1] = abs(number)
    message, defect = loads_message("id-1", "orders", json.dumps(header).encode(), b"\x01\x92\x90\x80")

    assert defect is None
    assert SIGNER.verify(message).kind == "Forged"


def test_signing_again_gives_the_same():
    message = signed(example())
    before = message.headers[HEADER]

    assert signed(message).headers[HEADER] == before


@pytest.mark.parametrize("setting", ["", ",", "a,", ",a", "a,,b", " , "])
def test_an_empty_key_is_refused(setting):
    with pytest.raises(ConfigurationError, match="empty key"):
        signer_of(setting)


def test_no_key_makes_no_signer():
    assert signer_of(None) is None


def test_keys_are_shown_nowhere(caplog):
    caplog.set_level(logging.DEBUG)
    shown = [repr(SIGNER), str(SIGNER), repr(SIGNER.verify(example()))]
    try:
        signer_of(f"{KEY},")
    except ConfigurationError:
        shown.append(traceback.format_exc())
    with pytest.raises(AttributeError):
        Signer([KEY.encode()]).verify(None)

    assert not [text for text in [*shown, caplog.text] if KEY in text]


ran: list[str] = []


@task(queue="signed", max_attempts=1)
async def note(value):
    ran.append(value)


def outcome(dispatching, working):
    """What becomes of a task that was dispatched with one setting of `signing_key` and leased with another."""
    ran.clear()
    queue = MemoryQueue()

    async def main():
        sender, worker = (build({"driver": "memory", "signing_key": key}) for key in (dispatching, working))
        async with sender, worker:
            call = note("here")
            call.config["driver"] = queue
            id = await sender.dispatcher.dispatch(call)
            await worker.worker(driver=queue, burst=True).run()
            [*views] = await queue.admin.fetch([id])
            return views[0].error.kind if views else None

    return asyncio.run(main()), list(ran)


RUN = (None, ["here"])


@pytest.mark.parametrize(
    ("dispatching", "working", "expected"),
    [
        ("one", "one", RUN),
        ("one", "two,one", RUN),
        ("two,one", "one", ("Forged", [])),
        ("one", "two", ("Forged", [])),
        (None, "one", ("Unsigned", [])),
        ("one", None, RUN),
        (None, None, RUN),
    ],
)
def test_a_worker_runs_what_is_signed_with_one_of_its_keys(dispatching, working, expected):
    assert outcome(dispatching, working) == expected


def test_what_is_forged_imports_nothing():
    """Its name would be looked for in the folder otherwise."""
    imported: list[str] = []

    class Watching:
        def find(self, name):
            imported.append(name)

    runner = Runner(Watching(), None, {}, skew_seconds=0, verify=SIGNER.verify)

    assert runner.read(Attempt(Lease(example(), "token", attempt=1))).error.kind == "Unsigned"
    assert imported == []
