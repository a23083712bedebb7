"""What a test does to a Redis queue. Time is moved by moving every stored instant into the past."""

import asyncio
import secrets
from itertools import count

from redis.asyncio import Redis

from asynctasq.adapters.redis.queue import RedisQueue
from asynctasq.domain.message import Message
from asynctasq.ports.queue import Queue
from asynctasq.testing import ManualClock, QueueBench
from tests.servers import URLS

# The instants of what is dead or cancelled only order pages: nothing changes there when time passes.
SHIFT = """
local function earlier(instant)
    return instant - ARGV[1] * 1000000
end
for _, queue in ipairs(redis.call('SMEMBERS', KEYS[1] .. ':queue')) do
    for state, start in pairs({pending = 13, scheduled = 1, leased = 1}) do
        local line = KEYS[1] .. ':' .. state .. ':' .. queue
        for _, member in ipairs(redis.call('ZRANGE', line, 0, -1)) do
            local id = string.sub(member, start)
            local card = redis.call('HGET', KEYS[1] .. ':card', id)
            local due = struct.pack('>d', earlier(struct.unpack('>d', card, 30)))
            redis.call('HSET', KEYS[1] .. ':card', id, string.sub(card, 1, 29) .. due .. string.sub(card, 38))
            local score = redis.call('ZSCORE', line, member)
            redis.call('ZREM', line, member)
            if state == 'pending' then
                redis.call('ZADD', line, score, due .. string.sub(member, 9))
            else
                redis.call('ZADD', line, earlier(score), member)
            end
        end
    end
end
for _, queue in ipairs({'one', 'two'}) do
    redis.call('PUBLISH', KEYS[1] .. ':news:' .. queue, '')
end
"""


class RedisBench(QueueBench):
    # So long that the time which a test takes in earnest is nothing beside it.
    resolution_seconds = 5.0
    url = URLS["redis"]

    def __init__(self) -> None:
        self.prefix = f"asynctasq-test-{secrets.token_hex(4)}"
        self.clock = ManualClock()
        self.redis = Redis.from_url(self.url)
        self.numbers = count(1)

    async def open(self) -> Queue:
        client = RedisQueue(self.url, prefix=self.prefix, clock=self.clock)
        await client.open()
        return client

    async def crash(self, client: Queue) -> None:
        """A client holds nothing outside the server."""

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.redis.eval(SHIFT, 1, f"{{{self.prefix}}}", seconds)

    async def inject(self, queue: str, data: bytes) -> None:
        message = Message(f"injected-{next(self.numbers)}", queue, task="t", body=b"")
        client = await self.open()
        await client.enqueue([message])
        await client.close()
        await self.redis.hset(f"{{{self.prefix}}}:content", message.id, len(data).to_bytes(4, "big") + data)

    async def reset(self) -> None:
        keys = [key async for key in self.redis.scan_iter(f"{{{self.prefix}}}:*")]
        if keys:
            await self.redis.delete(*keys)

    async def close(self) -> None:
        await self.reset()
        await self.redis.aclose()

    async def rest(self) -> None:
        await asyncio.sleep(0.02)
