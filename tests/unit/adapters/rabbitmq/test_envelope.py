from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.rabbitmq.envelope import Record, pack, unpack
from asynctasq.domain.wire import loads_message
from asynctasq.testing.strategies import errors

records = st.builds(
    Record,
    attempt=st.integers(0, 99),
    failures=st.integers(0, 99),
    skewed_seconds=st.floats(0, 1e6),
    later_seconds=st.floats(0, 1e6),
    worker=st.none() | st.text(),
    error=st.none() | errors.map(lambda error: error.storable()),
    cancelled=st.booleans(),
)


@given(st.binary(), st.binary(), records)
def test_what_is_packed_comes_out_again(header, body, record):
    envelope = unpack(pack(header, body, record))

    assert (envelope.header, envelope.body, envelope.record) == (header, body, record)


@given(st.binary() | st.binary().map(lambda data: b"atq1" + data))
def test_any_bytes_can_be_unpacked_and_read(data):
    envelope = unpack(data)

    message, _ = loads_message("id", "queue", envelope.header, envelope.body)

    assert message.id == "id"
