"""The import path of the guides."""

from asynctasq.plugins import require

require("redis", "redis")

from asynctasq.adapters.redis.queue import RedisQueue as RedisDriver  # noqa: E402 - it needs what was asked for

__all__ = ["RedisDriver"]
