"""The import path of the guides."""

from asynctasq.adapters.redis.queue import RedisQueue as RedisDriver

__all__ = ["RedisDriver"]
