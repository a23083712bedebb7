"""No sinner: a queue that can do little and says so. Its leases last as long as their connection."""

import math

from asynctasq.adapters.memory.admin import MemoryAdmin
from asynctasq.adapters.memory.queue import MemoryQueue
from asynctasq.domain.errors import Unsupported
from asynctasq.domain.lifecycle import State
from asynctasq.domain.verdict import Reason, Refusal, Release
from asynctasq.ports.admin import AdminCapabilities
from asynctasq.ports.queue import Capabilities


class NoAdmin(MemoryAdmin):
    capabilities = AdminCapabilities(lists_queues=False, counts=frozenset(), finds=frozenset(), cancels=False)

    async def cancel(self, ids):
        raise Unsupported("this queue declares no `cancels`")


class ConnectionBound(MemoryQueue):
    capabilities = Capabilities(
        orders_queues=False,
        priorities=False,
        leases_expire=False,
        exact_attempts=False,
        deduplicates=False,
        remembers_senders=False,
        effects=False,
    )

    def __init__(self, storage=None, clock=None):
        super().__init__(storage, clock)
        self._admin = NoAdmin(self._storage, self._now)
        self._tokens = set()

    def crash(self):
        now = self._now()
        for entry in list(self._storage.entries.values()):
            if entry.state is State.RUNNING and entry.token in self._tokens:
                self._storage.move(entry, State.PENDING, now, now)
        self._storage.ring()

    async def extend(self, leases, *, lease_seconds):
        return await super().extend(leases, lease_seconds=math.inf)

    async def settle(self, verdicts):
        invalid = [it for it in verdicts if not isinstance(it, Release) and it.effects]
        refusals = [Refusal(it.lease.message.id, it.lease.token, Reason.INVALID) for it in invalid]
        return [*refusals, *await super().settle([it for it in verdicts if it not in invalid])]

    def _take(self, queues, limit, lease_seconds, owner):
        leases = super()._take(queues, limit, math.inf, owner)
        self._tokens.update(lease.token for lease in leases)
        return leases
