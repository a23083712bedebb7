"""What the server answers in numbers, in words: what happened, to what, and what to do."""

import ssl

from attrs import frozen

from asynctasq.domain.errors import AsyncTasQError, ConfigurationError, SchemaMismatch, Unavailable

REPEATED = 1048
"""What call.sql fails with."""
DUPLICATE = 1062
NOT_WHOLE = 1690
"""What whole.sql fails with."""
LOCK_WAIT_OVER = 1205
DEADLOCK = 1213

PASSING = frozenset({LOCK_WAIT_OVER, DEADLOCK, 1020})
"""Other transactions were in the way: repeat."""
ELSEWHERE = frozenset({1047, 1290, 1792, 1836})
"""This server only reads, or has left its cluster: the address may lead to another by now."""

MIGRATE = "`asynctasq migrate --driver mysql`"
TLS = "let mysql.dsn or ASYNCTASQ_MYSQL_DSN end with ?ssl=true"
_ACCESS = "see the user, password, database and ssl options in mysql.dsn or ASYNCTASQ_MYSQL_DSN"
_TRUST = "name its authority with ssl_ca behind the ? of mysql.dsn, and the host as its certificate does"
_GRANT = "grant this user SELECT, INSERT, UPDATE and DELETE on all tables, and for migrate CREATE, ALTER and INDEX"
_ROW_FORMAT = "set binlog_format to ROW or MIXED on the server"

_OTHER_TABLES = frozenset({1054, 1136, 1146})
_LASTING = {
    1044: _ACCESS,
    1045: _ACCESS,
    1046: _ACCESS,
    1049: _ACCESS,
    1251: _ACCESS,
    1698: _ACCESS,
    1820: _ACCESS,
    1862: _ACCESS,
    3118: _ACCESS,
    3159: TLS,
    1142: _GRANT,
    1143: _GRANT,
    1227: _GRANT,
    1665: _ROW_FORMAT,
}


@frozen
class Answered(Exception):
    """The server refused a statement; unless it is the wrong server, the connection is as good as before."""

    code: int
    text: str


def unreached(reason: object, address: object) -> AsyncTasQError:
    """Why there is no connection, as an error that may cross a port."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ConfigurationError(f"mysql at {address} is not trusted: {reason}: {_TRUST}")
    return Unavailable(f"mysql at {address} does not answer: {reason}")


def fault(answered: Answered, address: object) -> AsyncTasQError:
    """What is wrong, as an error that may cross a port."""
    told = f"mysql at {address} refused: {answered.text} ({answered.code})"
    if answered.code in _LASTING:
        return ConfigurationError(f"{told}: {_LASTING[answered.code]}")
    if answered.code in _OTHER_TABLES:
        return SchemaMismatch(f"{told}: the tables are not what this version needs: run {MIGRATE}")
    if answered.code in PASSING:
        return Unavailable(f"{told}: other transactions stayed in the way, see what holds the tables locked")
    return Unavailable(told)
