"""Who waits for a lock: only the server knows."""

import asyncio

from asynctasq.adapters.mysql.connection import Connection

WAITING = (
    b"SELECT 1 FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id"
    b" WHERE trx_state = 'LOCK WAIT' AND db = DATABASE()"
)


async def until_one_waits(connection: Connection) -> None:
    """In the database of this connection."""
    async with asyncio.timeout(10):
        while not (await connection.run(WAITING))[0].rows:  # noqa: ASYNC110 - it tells nobody
            # It does not look again before nobody has asked for 0.1 s.
            await asyncio.sleep(0.11)
