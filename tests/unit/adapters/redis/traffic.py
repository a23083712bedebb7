"""Messages in numbers, and what becomes of them."""

from asynctasq.domain.message import Message
from asynctasq.domain.verdict import Ack


def messages(number, queue="default", *, body=b"body", delay=0.0, start=0):
    return [
        Message(f"{queue}-{index}", queue, task="tasks:work", body=body, delay_seconds=delay)
        for index in range(start, start + number)
    ]


async def leased(queue, *names, limit=1000, lasts=30, wait=0.0):
    return await queue.lease(names or ["default"], limit=limit, lease_seconds=lasts, owner="test", wait=wait)


def map_acks(leases):
    return [Ack(lease) for lease in leases]
