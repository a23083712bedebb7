"""Where a queue lies on SQS: found or created at its first use, then remembered."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from attrs import field, frozen

from asynctasq.adapters.sqs.calls import all_of
from asynctasq.adapters.sqs.connection import Answer, Connection
from asynctasq.adapters.sqs.faults import Denied, NoSuchQueue, QueueExists
from asynctasq.adapters.sqs.names import OUR_PREFIX, Names
from asynctasq.domain.errors import Unavailable

RETENTION_SECONDS = 14 * 86400
"""The longest that SQS keeps a message."""
LARGEST_BYTES = 1024 * 1024
ASSUMED_BYTES = 256 * 1024
"""The largest message of a queue that does not tell: what every SQS takes."""
LISTED_AT_ONCE = 1000
ATTRIBUTES = ("MaximumMessageSize", "MessageRetentionPeriod", "RedrivePolicy")


@frozen
class Place:
    name: str
    url: str
    max_bytes: int = field(default=ASSUMED_BYTES, kw_only=True)


class Places:
    """With a `url_prefix` the URL of a queue is that and its name, and no queue is created."""

    def __init__(self, connection: Connection, url_prefix: str | None) -> None:
        self._connection = connection
        self._url_prefix = url_prefix
        self.names = Names(OUR_PREFIX if url_prefix is None else urlsplit(url_prefix).path.rpartition("/")[2])
        self._known: dict[str, Place] = {}

    @property
    def can_list(self) -> bool:
        """Without a prefix of names nobody can tell our queues from those of others."""
        return bool(self.names.prefix)

    async def place(self, name: str) -> Place:
        """The queue of this name on SQS, created if need be. Raises `Denied` if it is not there and may not be."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = await self._look(name, await self._url(name))
        return known

    async def existing(self, name: str) -> Place | None:
        """The same, but nothing is created."""
        if name in self._known:
            return self._known[name]
        if self._url_prefix is not None:
            return Place(name, self._url_of(name))
        try:
            return Place(name, (await self._connection.call("get_queue_url", QueueName=name))["QueueUrl"])
        except NoSuchQueue:
            return None

    def heed(self, place: Place, errors: Sequence[Exception]) -> None:
        """Look anew for a place that turned out to be gone."""
        if any(isinstance(error, NoSuchQueue) for error in errors):
            self._known.pop(place.name, None)

    async def listed(self) -> Sequence[Place]:
        """Every queue of ours that there is. Raises `Denied` if these credentials may not list."""
        urls: list[str] = []
        after: str | None = None
        while True:  # page by page: each names the next
            page = await self._list(after)
            urls += page.get("QueueUrls", [])
            after = page.get("NextToken")
            if not after:
                return [Place(url.rpartition("/")[2], url) for url in urls]

    async def risks(self) -> list[str]:
        """What could lose messages of our queues, as far as these credentials may look."""
        try:
            places = await self.listed() if self.can_list else list(self._known.values())
        except Denied:
            places = list(self._known.values())
        ours = [place for place in places if self.names.owner(place.name)]
        return [risk for risks in await all_of(self._risks_of(place) for place in ours) for risk in risks]

    async def _list(self, after: str | None) -> Answer:
        more = {"NextToken": after} if after else {}
        prefix = {"QueueNamePrefix": self.names.prefix} if self.names.prefix else {}
        return await self._connection.call("list_queues", MaxResults=LISTED_AT_ONCE, **prefix, **more)

    async def _url(self, name: str) -> str:
        if self._url_prefix is not None:
            return self._url_of(name)
        try:
            return (await self._connection.call("get_queue_url", QueueName=name))["QueueUrl"]
        except (NoSuchQueue, Denied):
            return await self._create(name)

    def _url_of(self, name: str) -> str:
        return (self._url_prefix or "").removesuffix(self.names.prefix) + name

    async def _create(self, name: str) -> str:
        attributes = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
        try:
            return (await self._connection.call("create_queue", QueueName=name, Attributes=attributes))["QueueUrl"]
        except QueueExists:  # somebody was quicker, with attributes of his own
            return (await self._connection.call("get_queue_url", QueueName=name))["QueueUrl"]
        except Denied as error:
            raise Denied(f"queue {name!r} is not there and may not be created: create it, or {error}") from error

    async def _look(self, name: str, url: str) -> Place:
        try:
            answer = await self._connection.call("get_queue_attributes", QueueUrl=url, AttributeNames=ATTRIBUTES)
        except Denied:
            return Place(name, url)
        except NoSuchQueue as error:
            raise self._missing(name, url) from error
        largest = answer.get("Attributes", {}).get("MaximumMessageSize", ASSUMED_BYTES)
        return Place(name, url, max_bytes=min(LARGEST_BYTES, int(largest)))

    async def _risks_of(self, place: Place) -> list[str]:
        try:
            answer = await self._connection.call("get_queue_attributes", QueueUrl=place.url, AttributeNames=ATTRIBUTES)
        except (NoSuchQueue, Denied):
            return []
        attributes = answer.get("Attributes", {})
        risks: list[str] = []
        if int(attributes.get("MessageRetentionPeriod", RETENTION_SECONDS)) < RETENTION_SECONDS:
            risks.append(f"queue {place.name} forgets messages before 14 days: set MessageRetentionPeriod to 1209600")
        if attributes.get("RedrivePolicy"):
            risks.append(f"queue {place.name} has a redrive policy, which takes messages away: remove it")
        return risks

    def _missing(self, name: str, url: str) -> Unavailable:
        if self._url_prefix is None:
            return Unavailable(f"queue {name!r} has just been deleted: SQS lets it be created again after a minute")
        return Denied(f"{url} does not exist, and with a queue_url_prefix no queue is created: create {name!r}")
