"""The two pages that a process manager asks: `/livez` and `/readyz`. Just enough HTTP for that."""

import asyncio
import contextlib
import os
import socket
from http import HTTPStatus

from asynctasq.app.health import Health
from asynctasq.domain.errors import ConfigurationError

REQUEST_SECONDS = 2.0
HEAD_LIMIT = 16 * 1024


async def serve_probes(health: Health, port: int) -> asyncio.Server:
    """Answer on every interface, because whoever asks is outside; what is said is two words."""
    sock = _listening(port)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    status, text = await _answer(head, health)
                    writer.write(_response(status, text))
                    await writer.drain()
        finally:
            writer.close()

    return await asyncio.start_server(answer, sock=sock, limit=HEAD_LIMIT)


def _listening(port: int) -> socket.socket:
    try:
        with contextlib.suppress(OSError):
            if socket.has_dualstack_ipv6():
                return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", port))
    except OSError as error:
        raise ConfigurationError(f"--health-port {port} cannot be opened: {os.strerror(error.errno or 0)}") from error


async def _answer(head: bytes, health: Health) -> tuple[HTTPStatus, str]:
    match head.split(b" ", 2)[:2]:
        case [b"GET", b"/livez"]:
            return _said(good=await health.live(), bad="the event loop of the tasks does not answer")
        case [b"GET", b"/readyz"]:
            return _said(good=health.ready, bad="the queue has not answered lately")
        case _:
            return HTTPStatus.NOT_FOUND, "there are /livez and /readyz"


def _said(*, good: bool, bad: str) -> tuple[HTTPStatus, str]:
    return (HTTPStatus.OK, "ok") if good else (HTTPStatus.SERVICE_UNAVAILABLE, bad)


def _response(status: HTTPStatus, text: str) -> bytes:
    body = f"{text}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
