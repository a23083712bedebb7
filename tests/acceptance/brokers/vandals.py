"""How somebody puts a message with a header of garbage onto the default queue, past our code."""

import json
import urllib.request
from collections.abc import Awaitable, Callable, Mapping

import aio_pika
import aiomysql
import asyncpg
from redis.asyncio import Redis
from yarl import URL

from asynctasq.domain.message import Message
from asynctasq.ports.queue import Queue

Vandal = Callable[[Queue, Mapping[str, str], bytes], Awaitable[None]]
ID = "garbage"


async def _redis(queue: Queue, variables: Mapping[str, str], header: bytes) -> None:
    await queue.enqueue([Message(ID, "default", task="t", body=b"")])
    redis = Redis.from_url(variables["ASYNCTASQ_REDIS_URL"], password=variables["ASYNCTASQ_REDIS_PASSWORD"])
    content = f"{{{variables['ASYNCTASQ_REDIS_PREFIX']}}}:content"
    await redis.hset(content, ID, len(header).to_bytes(4, "big") + header)
    await redis.aclose()


async def _postgres(_: Queue, variables: Mapping[str, str], header: bytes) -> None:
    connection = await asyncpg.connect(variables["ASYNCTASQ_POSTGRES_DSN"])
    table = variables["ASYNCTASQ_POSTGRES_QUEUE_TABLE"]
    statement = f'INSERT INTO "{table}" (id, queue, due, header, body) VALUES ($1, $2, now(), $3, $3)'
    await connection.execute(statement, ID, "default", header)
    await connection.close()


async def _mysql(_: Queue, variables: Mapping[str, str], header: bytes) -> None:
    url = URL(variables["ASYNCTASQ_MYSQL_DSN"])
    connection = await aiomysql.connect(
        host=url.host, port=url.port, user=url.user, db=url.path.strip("/"), autocommit=True
    )
    table = variables["ASYNCTASQ_MYSQL_QUEUE_TABLE"]
    async with connection.cursor() as cursor:
        statement = f"INSERT INTO `{table}` (id, queue, header, body, due) VALUES (%s, %s, UNHEX(%s), '', NOW(6))"
        await cursor.execute(statement, (ID, "default", header.hex()))
    connection.close()


async def _rabbitmq(_: Queue, variables: Mapping[str, str], header: bytes) -> None:
    connection = await aio_pika.connect(variables["ASYNCTASQ_RABBITMQ_URL"])
    async with connection, connection.channel() as channel:
        name = f"{variables['ASYNCTASQ_RABBITMQ_EXCHANGE_NAME']}:queue:default"
        await channel.default_exchange.publish(aio_pika.Message(header), routing_key=name)


async def _sqs(_: Queue, variables: Mapping[str, str], header: bytes) -> None:
    order = json.dumps({"send": ["asynctasq-default", header.decode("latin-1")]})
    url = f"{variables['ASYNCTASQ_SQS_ENDPOINT_URL']}/control"
    request = urllib.request.Request(url, order.encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).close()  # noqa: ASYNC210 - nobody else is on this loop


VANDALS: Mapping[str, Vandal] = {
    "redis": _redis,
    "postgres": _postgres,
    "mysql": _mysql,
    "rabbitmq": _rabbitmq,
    "sqs": _sqs,
}
