"""Moves the ends of leases."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from asynctasq.adapters.sqs import batches
from asynctasq.adapters.sqs.calls import all_of
from asynctasq.adapters.sqs.connection import Connection
from asynctasq.adapters.sqs.lease import SqsLease
from asynctasq.adapters.sqs.settling import refused
from asynctasq.domain.lease import Lease
from asynctasq.domain.verdict import Refusal

MAX_LEASE_SECONDS = 43_200
"""For all extensions together: after 12 hours SQS gives a message to others, whatever we say."""


class Extension:
    def __init__(self, connection: Connection, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._clock = clock

    async def extend(self, leases: Sequence[Lease], lease_seconds: float) -> list[Refusal]:
        refusals: list[Refusal] = []
        groups: defaultdict[str, list[SqsLease]] = defaultdict(list)
        now = self._clock()
        for lease in leases:
            if isinstance(lease, SqsLease) and lease.is_live(now) and _longest(lease, now) >= 1:
                groups[lease.url].append(lease)
            else:
                refusals.append(refused(lease))
        for more in await all_of(self._extend(url, group, lease_seconds) for url, group in groups.items()):
            refusals += more
        return refusals

    async def _extend(self, url: str, leases: Sequence[SqsLease], lease_seconds: float) -> list[Refusal]:
        now = self._clock()
        lengths = [min(lease_seconds, _longest(lease, now)) for lease in leases]
        asked = {key: (lease.token, math.ceil(lengths[key])) for key, lease in enumerate(leases)}
        done = await batches.change_visibility(self._connection, url, asked)
        for key in done.keys:
            leases[key].ends_at = now + lengths[key]
        for key in done.rejected:
            leases[key].end()
        for error in done.errors:
            raise error
        return [refused(leases[key]) for key in done.rejected]


def _longest(lease: SqsLease, now: float) -> int:
    return math.floor(lease.leased_at + MAX_LEASE_SECONDS - now)
