"""One server: runs scripts there, listens to it, bounds every wait, and puts its errors into words."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field
from redis.asyncio import ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from asynctasq.adapters.redis.durability import check_version, parsed_info, warnings
from asynctasq.adapters.redis.faults import lets_nobody_in, told
from asynctasq.adapters.redis.news import News
from asynctasq.adapters.redis.resp import packed, word
from asynctasq.adapters.redis.scripts import script
from asynctasq.adapters.redis.wires import Wires
from asynctasq.domain.errors import Closed, ConfigurationError, Unavailable

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 10.0
LEAVE_SECONDS = 2.0

CLIENT_ERRORS = (RedisError, OSError, AttributeError, RuntimeError)
"""An AttributeError is how redis-py says that a connection was closed while it was connecting.

A RuntimeError is how uvloop says that one was closed meanwhile.
"""


@define(eq=False)
class _Link:
    """What belongs to one event loop."""

    loop: asyncio.AbstractEventLoop
    wires: Wires
    news: News
    busy_count: int = 0
    idle: asyncio.Event = field(factory=asyncio.Event)


_inherited: list[_Link] = []
"""What a fork brought along: ended here it would end for the parent."""


class Connection:
    """Connects at need, again after a fork, and again whenever the server was away."""

    def __init__(self, url: str, *, password: str | None, db: int, max_connections: int, prefix: str) -> None:
        # A tag of the user's own decides in a cluster which server holds the keys.
        self.base = prefix if "{" in prefix else f"{{{prefix}}}"
        self._url = url
        self._options: dict[str, Any] = {
            "password": password,
            "db": db,
            "max_connections": max_connections,
            "socket_timeout": None,  # `ask` bounds all waits together
            "socket_connect_timeout": CONNECT_SECONDS,
            "protocol": 2,
            # A script that was sent may have run: who called decides whether to call again.
            "retry": Retry(NoBackoff(), 0),
        }
        self._link: _Link | None = None
        self._closed = False
        self._was_reached = False
        self.address = self._address()

    @property
    def news(self) -> News:
        return self._present().news

    async def open(self) -> Sequence[str]:
        """Whether somebody answers whom we can work with; what is to be said of how durable it is."""
        try:
            info = parsed_info(await self.ask(packed(b"INFO")))
            check_version(info, self.address)
        except BaseException:
            await self._let_go()
            raise
        self._was_reached = True
        return warnings(info)

    async def run(self, verb: str, *arguments: bytes) -> Any:
        """What the script gives back."""
        count = 4 + len(arguments)
        rest = b"".join((word(b"1"), word(self.base.encode()), *map(word, arguments)))
        wanted = script(verb)
        try:
            return await self.ask(b"*%d\r\n%b%b" % (count, wanted.by_digest, rest))
        except NoScriptError:
            return await self.ask(b"*%d\r\n%b%b" % (count, wanted.by_text, rest))

    async def ask(self, command: bytes) -> Any:
        """The answer to one command."""
        link = self._enter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await link.wires.exchange(command)
        except NoScriptError:
            raise
        except CLIENT_ERRORS as error:
            if isinstance(error, TimeoutError):
                link.wires.abort()  # its answer must not be taken for the next one's
            raise self._trouble(error) from error
        finally:
            self._leave(link)

    async def listen(self, queues: Sequence[str]) -> None:
        """From now on `news` tells of these queues."""
        link = self._enter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await link.news.listen(queues)
        except CLIENT_ERRORS as error:
            raise self._trouble(error) from error
        finally:
            self._leave(link)

    async def close(self) -> None:
        self._closed = True
        await self._let_go()

    async def _let_go(self) -> None:
        link, self._link = self._link, None
        if link is None or link.loop is not asyncio.get_running_loop():
            return
        link.news.ring()
        if link.busy_count:
            # A connection taken away in the middle of a call leaves it unknown what was done.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await link.idle.wait()
        await link.news.close()
        await link.wires.close()

    def _enter(self) -> _Link:
        link = self._present()
        link.busy_count += 1
        link.idle.clear()
        return link

    def _leave(self, link: _Link) -> None:
        link.busy_count -= 1
        if not link.busy_count:
            link.idle.set()

    def _present(self) -> _Link:
        if self._closed:
            raise Closed(f"{self.address} was closed")
        loop = asyncio.get_running_loop()
        if self._link is None or self._link.loop is not loop:
            if self._link is not None:
                _inherited.append(self._link)
            pool = self._pool()
            news = News(pool.make_connection, f"{self.base}:news:")
            self._link = _Link(loop, Wires(pool, news.hang_up), news)
        return self._link

    def _pool(self) -> ConnectionPool:
        return ConnectionPool.from_url(self._url, **self._options)  # pyright: ignore[reportUnknownMemberType] - untyped there

    def _trouble(self, error: Exception) -> Unavailable | Closed | ConfigurationError:
        if self._closed:
            return Closed(f"{self.address} was closed")
        client = self._pool().make_connection()
        tls = isinstance(client, SSLConnection)
        if tls and not self._was_reached:
            try:
                client.ssl_context.get()  # pyright: ignore[reportUnknownMemberType] - untyped there
            except (OSError, ValueError, RedisError) as fault:
                return ConfigurationError(f"redis url: a file or option of its TLS cannot be used: {fault}")
        text = told(error, tls=tls, reached=self._was_reached) or f"nothing within {ANSWER_SECONDS:g} s"
        kind = ConfigurationError if lets_nobody_in(error) and not self._was_reached else Unavailable
        return kind(f"{self.address} gave no answer: {text}")

    def _address(self) -> str:
        """Where it leads, without a secret."""
        try:
            _ = urlsplit(self._url).port
        except ValueError:
            # Its own words would repeat what may be a part of a password.
            raise ConfigurationError("redis url: it cannot be read: is a special character percent-encoded?") from None
        try:
            pool = self._pool()
            pool.make_connection()  # which refuses the options that it does not know
        except TypeError as error:
            # Those of TLS are among them where the URL does not ask for it.
            raise ConfigurationError(f"redis url: {error}; options of TLS want rediss://") from None
        except (ValueError, RedisError) as error:
            raise ConfigurationError(f"redis url: it cannot be used: {error}") from None
        options = pool.connection_kwargs
        place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        return f"redis {place}/{options.get('db', 0)}"
