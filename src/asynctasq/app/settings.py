"""Every setting with its default, one class for each group."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from attrs import field, frozen

from asynctasq.app.settings_fields import above, address, at_least, option, secret, setting
from asynctasq.app.settings_info import SettingInfo, infos_of
from asynctasq.app.settings_sources import Sources
from asynctasq.domain.errors import ConfigurationError
from asynctasq.domain.options import RetryStrategy

DOTENV = Path(".env")


def _nearest_database() -> Path:
    here = Path.cwd()
    candidates = [folder / ".asynctasq" / "queue.db" for folder in (here, *here.parents)]
    return next((path for path in candidates if path.is_file()), candidates[0])


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


@frozen(kw_only=True)
class SqliteSettings:
    """The embedded queue."""

    path: Path = setting(  # noqa: RUF009 - it makes an attrs field
        "the database file",
        factory=_nearest_database,
        shown="the nearest .asynctasq/queue.db in the working directory or a parent, else in the working directory",
        converter=_absolute,
    )
    synchronous: Literal["normal", "full"] = setting(
        "what a commit waits for; below full a power cut may lose confirmed tasks", "full"
    )


@frozen(kw_only=True)
class RedisSettings:
    """Redis or Valkey."""

    url: str = address("the server", "redis://localhost:6379", schemes=("redis", "rediss", "unix"))
    password: str | None = secret("the password, if it is not in the URL")
    db: int = setting("the number of the database", 0, check=at_least(0))
    max_connections: int = setting("connections at most; a process needs two", 100, check=at_least(1))
    prefix: str = setting("what every key begins with", "asynctasq")


@frozen(kw_only=True)
class DatabaseSettings:
    """PostgreSQL, and MySQL or MariaDB."""

    dsn: str | None = address("the database, as a URL")
    queue_table: str = setting("the table of waiting and running tasks", "task_queue")
    dead_letter_table: str = setting("the table of dead tasks", "dead_letter_queue")
    min_pool_size: int = setting("connections that are kept open", 1, check=at_least(0))
    max_pool_size: int = setting("connections at most", 10, check=at_least(1))

    def __attrs_post_init__(self) -> None:
        if self.min_pool_size > self.max_pool_size:
            raise ConfigurationError(f"min_pool_size={self.min_pool_size}: must not be above max_pool_size")


@frozen(kw_only=True)
class RabbitmqSettings:
    """RabbitMQ."""

    url: str = address("the server and virtual host", "amqp://guest:guest@localhost:5672/", schemes=("amqp", "amqps"))
    exchange_name: str = setting("the exchange that tasks are published to", "asynctasq")
    prefetch_count: int | None = setting(
        "unsettled tasks a worker may hold", None, shown="follows the concurrency", check=at_least(1)
    )


@frozen(kw_only=True)
class SqsSettings:
    """Amazon SQS."""

    region: str = setting("the AWS region", "us-east-1")
    queue_url_prefix: str | None = address("what the URLs of the queues begin with", schemes=("https", "http"))
    endpoint_url: str | None = address("another service with the same interface", schemes=("https", "http"))
    aws_access_key_id: str | None = secret("the access key, else as the AWS SDK finds it")
    aws_secret_access_key: str | None = secret("the secret of the access key")


@frozen(kw_only=True)
class TaskDefaults:
    """What holds for tasks that say nothing else. Durations are seconds."""

    queue: str = setting("the queue", "default", check=option)
    max_attempts: int = setting("how often a task is started at most", 3, check=option)
    retry_strategy: RetryStrategy = setting(  # noqa: RUF009 - it makes an attrs field
        "how the delay grows from retry to retry", "fixed", check=option
    )
    retry_delay: float = setting("seconds before a retry", 60.0, check=option)
    timeout: float | None = setting("seconds that an attempt may take", None, shown="no limit", check=option)
    visibility_timeout: float = setting("seconds after which a crashed attempt is found", 3600.0, check=option)


@frozen(kw_only=True)
class WorkerSettings:
    """A worker process."""

    concurrency: int = setting("tasks that run at the same time", 10, check=at_least(1))
    imports: tuple[str, ...] = setting("modules to import at start, after which a message causes no import", ())
    lease_seconds: float = setting("seconds after which a silent worker counts as dead", 30.0, check=above(0))
    shutdown_timeout: float = setting("seconds that running tasks get at a stop", 25.0, check=at_least(0))
    version_skew_seconds: float = setting(
        "seconds that a task which is not known yet waits for a newer worker", 900.0, check=at_least(0)
    )
    log_level: Literal["debug", "info", "warning", "error", "critical"] | None = setting(
        "the least level that is logged", None, shown="as logging is configured"
    )
    log_format: Literal["text", "json"] = setting("how a log line looks", "text")


@frozen(kw_only=True)
class ProcessPoolSettings:
    """The children that process tasks run in."""

    size: int = setting(
        "how many child processes", factory=lambda: os.cpu_count() or 1, shown="the number of CPUs", check=at_least(1)
    )
    max_tasks_per_child: int | None = setting(
        "tasks after which a child is replaced", None, shown="no limit", check=at_least(1)
    )
    max_rss_mb: int | None = setting(
        "megabytes of memory above which a child is replaced after a task", None, shown="no limit", check=at_least(1)
    )


@frozen(kw_only=True)
class RepositorySettings:
    """What is kept of tasks that are done."""

    keep_completed_tasks: bool = setting("keep succeeded tasks, bounded by age and count", default=False)


@frozen(kw_only=True)
class EventSettings:
    """Where events go."""

    redis_url: str | None = address("the server that events are published to", schemes=("redis", "rediss", "unix"))
    channel: str = setting("the channel that events are published to", "asynctasq:events")
    enable_event_emitter_redis: bool = setting("publish events to Redis", default=False)
    enable_all: bool = setting(
        "publish events to the log, and to Redis if events.redis_url or the driver names one", default=False
    )


@frozen(kw_only=True)
class Settings:
    """Everything that can be set. A plain value: `load` is what looks at the environment."""

    driver: str = setting("the queue: sqlite, memory, redis, postgres, mysql, rabbitmq, sqs or a plug-in", "sqlite")
    signing_key: str | None = secret("signs every task; several keys separated by commas, the first one signs")
    dispatch_timeout: float = setting("seconds that a dispatch may take", 10.0, check=above(0))
    sqlite: SqliteSettings = field(factory=SqliteSettings)
    redis: RedisSettings = field(factory=RedisSettings)
    postgres: DatabaseSettings = field(factory=DatabaseSettings)
    mysql: DatabaseSettings = field(factory=DatabaseSettings)
    rabbitmq: RabbitmqSettings = field(factory=RabbitmqSettings)
    sqs: SqsSettings = field(factory=SqsSettings)
    task_defaults: TaskDefaults = field(factory=TaskDefaults)
    worker: WorkerSettings = field(factory=WorkerSettings)
    process_pool: ProcessPoolSettings = field(factory=ProcessPoolSettings)
    repository: RepositorySettings = field(factory=RepositorySettings)
    events: EventSettings = field(factory=EventSettings)

    @classmethod
    def load(
        cls,
        given: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] = os.environ,
        dotenv: Path | None = DOTENV,
    ) -> Self:
        """`given` before the environment before `dotenv` before the defaults."""
        sources = Sources(cls)
        if dotenv is not None:
            sources.read_file(dotenv)
        sources.read_variables(environ, "in the environment")
        sources.read_mapping(given or {})
        return sources.build()


def describe() -> Sequence[SettingInfo]:
    """Every setting, in the order of the classes above."""
    return infos_of(Settings)
