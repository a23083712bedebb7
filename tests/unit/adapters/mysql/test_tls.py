"""Who asks for TLS never speaks in the clear."""

import asyncio
import struct

import pytest

from asynctasq.adapters.mysql.address import parse
from asynctasq.adapters.mysql.connection import Connection
from asynctasq.domain.errors import ConfigurationError

WITHOUT_TLS = 0xFFFFFFFF & ~2048
HALVES = struct.pack("<I", WITHOUT_TLS)
PLUGIN = b"mysql_clear_password\0"
GREETING = b"\x0a8.0.0\0" + bytes(4) + b"12345678\0" + HALVES[:2] + b"\x2d\0\0" + HALVES[2:] + b"\x15" + bytes(10)
PACKET = GREETING + b"123456789012\0" + PLUGIN


@pytest.mark.parametrize("options", ["ssl=true", "ssl-mode=VERIFY_CA"])
def test_a_server_without_it_is_refused_before_it_hears_anything(options):
    heard = []

    async def serve(reader, writer):
        writer.write(len(PACKET).to_bytes(3, "little") + b"\0" + PACKET)
        heard.append(await reader.read())
        writer.close()

    async def scenario():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ConfigurationError, match="TLS"):
                await Connection.open(parse(f"mysql://user:secret@127.0.0.1:{port}/queue?{options}"))
            while not heard:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(scenario(), 10))

    assert heard == [b""]
