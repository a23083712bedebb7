"""The queue in PostgreSQL, under the name that the guides import."""

from asynctasq.plugins import require

require("postgres", "asyncpg")

from asynctasq.adapters.postgres.queue import PostgresQueue as PostgresDriver  # noqa: E402 - it needs what was asked for

__all__ = ["PostgresDriver"]
