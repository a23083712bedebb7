import ssl

import pytest

from asynctasq.adapters.rabbitmq.address import parse
from asynctasq.adapters.rabbitmq.queue import RabbitmqQueue
from asynctasq.domain.errors import ConfigurationError


def test_a_url_is_read_with_its_percent_encoding():
    address = parse("amqp://us%40er:p%2Fss%3A@rabbit.example:5673/%2Fvirtual%20host?heartbeat=10")

    assert (address.host, address.port, address.vhost) == ("rabbit.example", 5673, "/virtual host")
    assert (address.user, address.password, address.heartbeat_seconds) == ("us@er", "p/ss:", 10)


@pytest.mark.parametrize("url", ["amqp://localhost", "amqp://localhost/", "amqp://localhost:5672/%2F"])
def test_what_a_url_does_not_say_is_as_rabbitmq_has_it(url):
    address = parse(url)

    assert (address.port, address.vhost, address.user, address.password) == (5672, "/", "guest", "guest")


def test_amqps_verifies_the_server_unless_denied():
    verified, unverified = (parse(f"amqps://rabbit.example/{options}").tls for options in ("", "?verify=verify_none"))

    assert verified is not None
    assert unverified is not None
    assert verified.context().verify_mode is ssl.CERT_REQUIRED
    assert unverified.context().verify_mode is ssl.CERT_NONE


def test_a_certificate_without_a_user_says_who_the_client_is():
    assert parse("amqps://rabbit.example/?certfile=me.pem").mechanism == "EXTERNAL"
    assert parse("amqps://me@rabbit.example/?certfile=me.pem").mechanism == "PLAIN"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://localhost", "amqp://"),
        ("amqp://localhost:port", "percent-encoded"),
        ("amqp://localhost/?hartbeat=3", "hartbeat"),
        ("amqp://localhost/?heartbeat=soon", "heartbeat"),
        ("amqps://localhost/?verify=maybe", "verify"),
    ],
)
def test_a_url_that_cannot_be_used_is_an_error_that_says_why(url, word):
    with pytest.raises(ConfigurationError, match=word):
        parse(url)


def test_neither_the_banner_nor_the_repr_shows_a_password():
    queue = RabbitmqQueue("amqp://user:secret@localhost/shop?heartbeat=7")

    assert str(queue) == "rabbitmq amqp://localhost:5672/shop exchange asynctasq"
    assert "secret" not in repr(queue) + repr(parse("amqp://user:secret@localhost"))
