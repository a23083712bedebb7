"""The queue in MySQL or MariaDB, under the name that the guides import."""

from asynctasq.adapters.mysql.queue import MySQLQueue as MySQLDriver

__all__ = ["MySQLDriver"]
