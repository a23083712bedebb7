"""The brokers that tests talk to. One that is absent skips its tests, and fails them where CI=true promises it."""

import os
import socket
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

URLS: Mapping[str, str] = {
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
    "postgres": os.environ.get("TEST_POSTGRES_DSN", "postgresql://postgres@127.0.0.1:5432/test"),
    "mysql": os.environ.get("TEST_MYSQL_DSN", "mysql://root@127.0.0.1:3306/test"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/"),
}
KNOCK_SECONDS = 2.0


def require(broker: str) -> None:
    """Skip or fail the running test unless the broker is there."""
    missing = _missing(broker)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI promises every broker, but {missing}", pytrace=False)
    if missing:
        pytest.skip(missing)


def _missing(broker: str) -> str | None:
    if broker == "sqs":
        return None if find_spec("moto") else "moto, which stands in for Amazon SQS, is not installed"
    address = urlsplit(URLS[broker])
    try:
        socket.create_connection((address.hostname, address.port), KNOCK_SECONDS).close()
    except OSError:
        return f"no {broker} answers on {address.hostname}:{address.port}"
    return None
