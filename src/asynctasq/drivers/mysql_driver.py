"""The queue in MySQL or MariaDB, under the name that the guides import."""

from asynctasq.plugins import require

require("mysql", "aiomysql")

from asynctasq.adapters.mysql.queue import MySQLQueue as MySQLDriver  # noqa: E402 - it needs what was asked for

__all__ = ["MySQLDriver"]
