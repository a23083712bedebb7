"""Completed tasks in Redis: a key for each, which expires by itself, and their ids in order, to count them."""

import json
from collections.abc import Sequence

from attrs import asdict

from asynctasq.adapters.redis.beside import Beside, Command
from asynctasq.domain.record import TaskRecord
from asynctasq.ports.history import KEEP_COUNT, KEEP_SECONDS, History


class RedisHistory(History):
    def __init__(
        self,
        url: str,
        *,
        password: str | None = None,
        db: int = 0,
        prefix: str = "asynctasq",
        keep_count: int = KEEP_COUNT,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        self._server = Beside("the history in redis", url, password=password, db=db)
        # One hash tag, so that a cluster keeps all of it on one server.
        tag = prefix if "{" in prefix else f"{{{prefix}}}"
        self._ids = f"{tag}:completed"
        self._keep_count = keep_count
        self._keep_ms = int(keep_seconds * 1000)

    def __str__(self) -> str:
        return str(self._server)

    async def open(self) -> None:
        await self._server.open()

    async def close(self) -> None:
        await self._server.close()

    async def ping(self) -> None:
        await self._server.ping()

    async def append(self, records: Sequence[TaskRecord]) -> None:
        kept: list[Command] = [
            ("SET", self._key(record.id), json.dumps(asdict(record)), "PX", self._keep_ms) for record in records
        ]
        counted: list[Command] = [("ZADD", self._ids, record.finished_at, record.id) for record in records]
        renewed: Command = ("PEXPIRE", self._ids, self._keep_ms)
        surplus = (await self._server.ask([*kept, *counted, renewed, ("ZRANGE", self._ids, 0, -self._keep_count - 1)]))[
            -1
        ]
        if surplus:
            forgotten: Command = ("DEL", *(self._key(id.decode()) for id in surplus))
            await self._server.ask([forgotten, ("ZREM", self._ids, *surplus)])

    async def find(self, id: str) -> TaskRecord | None:
        [found] = await self._server.ask([("GET", self._key(id))])
        return None if found is None else TaskRecord(**json.loads(found))

    def _key(self, id: str) -> str:
        return f"{self._ids}:{id}"
