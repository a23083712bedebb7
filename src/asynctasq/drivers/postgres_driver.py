"""The queue in PostgreSQL, under the name that the guides import."""

from asynctasq.adapters.postgres.queue import PostgresQueue as PostgresDriver

__all__ = ["PostgresDriver"]
