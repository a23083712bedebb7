"""Brokers that let nobody in but over TLS: one user with a password, another with a certificate of its own."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg
import trustme

from asynctasq import plugins
from asynctasq.app.settings import Settings
from asynctasq.ports.queue import Queue
from tests.acceptance.brokers.servers import MySQLServer, PostgresServer, RabbitMQServer, RedisServer, Server

USER, CERTIFIED = "worker", "certified"
PASSWORD = "p@ss:w/rd%?ü€"
NAMESPACE = "asynctasq"
"""What the names of everything there begin with, as in the guides."""
HOST, OTHER_HOST = "localhost", "127.0.0.1"
"""The name in the server's certificate, and one that leads there and is not."""

_MYSQL_USERS = f"""\
SET NAMES utf8mb4;
CREATE OR REPLACE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;
CREATE OR REPLACE USER '{CERTIFIED}'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE X509;
GRANT ALL ON mysql.* TO '{USER}'@'%';
GRANT ALL ON mysql.* TO '{CERTIFIED}'@'%';
"""
_POSTGRES_RULES = f"""\
hostssl all {USER} all scram-sha-256
hostssl all {CERTIFIED} all scram-sha-256 clientcert=verify-ca
"""


class Guarded(Server):
    """Each broker's own words for where it is and whom to trust."""

    variable: str
    schemes: tuple[str, str]
    """Without TLS and with it."""
    path: str = ""
    names: Mapping[str, str]
    """Of the options that name a file."""
    unverified: Mapping[str, str]
    verified: Mapping[str, str] = {}
    plain: Mapping[str, str] = {}
    certified: str = CERTIFIED
    """The user who is let in with a certificate only."""

    def __init__(self) -> None:
        super().__init__()
        ours, another = trustme.CA(), trustme.CA()
        self.ca = self._file("ca.pem", ours.cert_pem)
        self.other_ca = self._file("other.pem", another.cert_pem)
        self.certificate, self.key = self._issued("server", ours.issue_cert(HOST))
        own, own_key = self._issued("client", ours.issue_cert("worker.example", common_name=CERTIFIED))
        self.own = {"certificate": str(own), "key": str(own_key)}

    def url(
        self,
        level: str = "verified",
        *,
        port: int | None = None,
        host: str = HOST,
        user: str = USER,
        password: str = PASSWORD,
        **files: Path | str,
    ) -> str:
        """`level` is how careful it is: `verified`, `unverified` or `plain`."""
        if level == "verified":
            files = {"ca": self.ca, **files}
        options = {**getattr(self, level), **{self.names[name]: str(path) for name, path in files.items()}}
        who = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        scheme = self.schemes[level != "plain"]
        return f"{scheme}://{who}{host}:{port or self.port}{self.path}" + (f"?{urlencode(options)}" if options else "")

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        # Whoever it is for: the users have no rights anywhere else.
        return {**super().settings(NAMESPACE, port), self.variable: self.url(port=port)}

    @contextmanager
    def demanding(self) -> Iterator["Guarded"]:
        """The server that wants a certificate of `certified`."""
        yield self

    def queue(self, url: str, **variables: str) -> Queue:
        """Not opened; everything but the URL is as in `settings`, unless `variables` say else."""
        environ = {**self.settings(NAMESPACE, self.port), self.variable: url, **variables}
        return plugins.load("queues", self.driver)(Settings.load(environ=environ, dotenv=None))

    def _issued(self, name: str, certificate: trustme.LeafCert) -> tuple[Path, Path]:
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        return self._file(f"{name}.pem", trustme.Blob(chain)), self._file(f"{name}.key", certificate.private_key_pem)

    def _file(self, name: str, content: trustme.Blob) -> Path:
        path = self.folder / name
        content.write_to_path(path)
        path.chmod(0o600)
        if self.user:
            shutil.chown(path, self.user)
        return path


class GuardedRedis(Guarded, RedisServer):
    variable = "ASYNCTASQ_REDIS_URL"
    schemes = ("redis", "rediss")
    path = "/0"
    names = {"ca": "ssl_ca_certs", "certificate": "ssl_certfile", "key": "ssl_keyfile"}
    unverified = {"ssl_cert_reqs": "none"}
    certified = USER
    clients = "optional"

    def command(self) -> Sequence[str]:
        files = ["--tls-cert-file", self.certificate, "--tls-key-file", self.key, "--tls-ca-cert-file", self.ca]
        tls = ["--port", "0", "--tls-port", self.port, *files, "--tls-auth-clients", self.clients]
        rights = "+@read +@write +@scripting +@pubsub +@connection +time +info"
        user = ["--user", USER, "on", f">{PASSWORD}", "~{asynctasq}*", "&{asynctasq}:news:*", *rights.split()]
        return [*super().command(), *map(str, tls), *user]

    @contextmanager
    def demanding(self) -> Iterator[Guarded]:
        """Redis knows no user who alone needs a certificate: all do, or none does."""
        with DemandingRedis() as server:
            yield server


class DemandingRedis(GuardedRedis):
    clients = "yes"

    def settings(self, name: str, port: int) -> Mapping[str, str]:
        return {**super().settings(name, port), self.variable: self.url(port=port, **self.own)}


class GuardedPostgres(Guarded, PostgresServer):
    variable = "ASYNCTASQ_POSTGRES_DSN"
    schemes = ("postgresql", "postgresql")
    path = "/postgres"
    names = {"ca": "sslrootcert", "certificate": "sslcert", "key": "sslkey"}
    verified = {"sslmode": "verify-full"}
    unverified = {"sslmode": "require"}
    plain = {"sslmode": "disable"}

    def preparations(self) -> Sequence[Sequence[str]]:
        self._file("password", trustme.Blob(PASSWORD.encode()))
        return [
            ["initdb", "-D", "data", "-A", "scram-sha-256", "--pwfile=password", "-U", USER, "-E", "UTF8", "--no-sync"]
        ]

    def command(self) -> Sequence[str]:
        self._file("hba", trustme.Blob(_POSTGRES_RULES.encode()))
        files = {"ssl_cert_file": self.certificate, "ssl_key_file": self.key, "ssl_ca_file": self.ca}
        settings = {"ssl": "on", **files, "hba_file": self.folder / "hba"}
        return [*super().command(), *(f"--{name}={value}" for name, value in settings.items())]

    def start(self) -> None:
        super().start()
        asyncio.run(self._admit())

    async def _admit(self) -> None:
        connection = await asyncpg.connect(self.url())
        await connection.execute(f"CREATE ROLE {CERTIFIED} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        await connection.close()


class GuardedMySQL(Guarded, MySQLServer):
    variable = "ASYNCTASQ_MYSQL_DSN"
    schemes = ("mysql", "mysql")
    path = "/mysql"
    names = {"ca": "ssl_ca", "certificate": "ssl_cert", "key": "ssl_key"}
    verified = {"ssl-mode": "VERIFY_IDENTITY"}
    unverified = {"ssl-mode": "REQUIRED"}

    def command(self) -> Sequence[str]:
        users = self._file("users.sql", trustme.Blob(_MYSQL_USERS.encode()))
        tls = [f"--ssl-cert={self.certificate}", f"--ssl-key={self.key}", f"--ssl-ca={self.ca}"]
        return [*super().command(), *tls, f"--init-file={users}"]


class GuardedRabbitMQ(Guarded, RabbitMQServer):
    variable = "ASYNCTASQ_RABBITMQ_URL"
    schemes = ("amqp", "amqps")
    path = "/"
    names = {"ca": "cafile", "certificate": "certfile", "key": "keyfile"}
    unverified = {"verify": "verify_none"}
    certified = ""
    """The certificate says who it is."""

    def environ(self) -> Mapping[str, str]:
        users = [{"name": USER, "password": PASSWORD}, {"name": CERTIFIED, "password_hash": ""}]
        ours = "^asynctasq.*"
        rights = {"vhost": "/", "configure": ours, "write": rf"{ours}|^amq\.default$", "read": ours}
        definitions = {
            "users": [{**user, "tags": ""} for user in users],
            "vhosts": [{"name": "/"}],
            "permissions": [{"user": user["name"], **rights} for user in users],
        }
        self._file("definitions.json", trustme.Blob(json.dumps(definitions).encode()))
        settings = {
            "listeners.tcp": "none",
            "listeners.ssl.default": f"127.0.0.1:{self.port}",
            "ssl_options.cacertfile": self.ca,
            "ssl_options.certfile": self.certificate,
            "ssl_options.keyfile": self.key,
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "false",
            "auth_mechanisms.1": "PLAIN",
            "auth_mechanisms.2": "EXTERNAL",
            "ssl_cert_login_from": "common_name",
            "load_definitions": self.folder / "definitions.json",
        }
        lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
        config = self._file("rabbitmq.conf", trustme.Blob(lines.encode()))
        environ = {name: value for name, value in super().environ().items() if not name.startswith("RABBITMQ_NODE_")}
        plugins = self._file("plugins", trustme.Blob(b"[rabbitmq_auth_mechanism_ssl].\n"))
        name = {"RABBITMQ_NODENAME": f"asynctasq-{self.port}@localhost"}
        return {**environ, **name, "RABBITMQ_CONFIG_FILE": str(config), "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins)}


GUARDED: Mapping[str, type[Guarded]] = {
    each.driver: each for each in (GuardedRedis, GuardedPostgres, GuardedMySQL, GuardedRabbitMQ)
}
