"""Three RabbitMQ servers that are one cluster, and a way to whichever of them is there."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

from tests.acceptance.brokers.proxy import Proxy
from tests.acceptance.brokers.servers import RabbitMQServer, found

NODE_COUNT = 3
COOKIE = "asynctasq"
TOOL_SECONDS = 60.0


class Node(RabbitMQServer):
    """Joins its `peers` when it starts for the first time. While it is frozen or drained it is there and of no use."""

    peers: Sequence["Node"] = ()

    @property
    def name(self) -> str:
        return f"asynctasq-{self.port}@localhost"

    def environ(self) -> Mapping[str, str]:
        cookie, configuration = self.folder / ".erlang.cookie", self.folder / "cluster.conf"
        if not cookie.exists():
            cookie.write_text(COOKIE)
            cookie.chmod(0o400)
            names = [f"classic_config.nodes.{number} = {peer.name}" for number, peer in enumerate(self.peers, 1)]
            lines = ["peer_discovery_backend = classic_config", *names]
            configuration.write_text("".join(f"cluster_formation.{line}\n" for line in lines))
        return {**super().environ(), "RABBITMQ_CONFIG_FILE": str(configuration)}

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def drain(self) -> None:
        """Let it hang up, take no connection and lead no queue, until `revive`."""
        self.tool("rabbitmq-upgrade", "drain")

    def revive(self) -> None:
        self.tool("rabbitmq-upgrade", "revive")

    def tool(self, program: str, *arguments: str) -> str:
        """What a tool of the server says about this node."""
        finished = subprocess.run(
            [found(program) or program, "--node", self.name, *arguments],
            env=os.environ | dict(self.environ()),
            capture_output=True,
            text=True,
            check=False,
            timeout=TOOL_SECONDS,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, number)


class Balancer(Proxy):
    """Leads each new connection to the next server that takes it."""

    def __init__(self, targets: Sequence[int]) -> None:
        super().__init__(targets[0])
        self._targets = list(targets)

    async def reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in self._targets:
            self._targets.append(self._targets.pop(0))
            try:
                return await asyncio.open_connection("127.0.0.1", self._targets[-1])
            except OSError:
                continue
        raise ConnectionRefusedError


class Cluster:
    def __init__(self) -> None:
        self.nodes = [Node() for _ in range(NODE_COUNT)]
        for node in self.nodes:
            node.peers = self.nodes
        self._balancer = Balancer([node.port for node in self.nodes])

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for node in self.nodes:
                stack.push(node)
            _side_by_side(Node.__enter__, self.nodes)
            stack.enter_context(self._balancer)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def settings(self, name: str) -> Mapping[str, str]:
        """The environment of a program that reaches whichever node is there; what it keeps there belongs to `name`."""
        return self.nodes[0].settings(name, self._balancer.port)

    def by_rank(self, source: str) -> Sequence[Node]:
        """The leader of the server's queue `source`, and the others. All of them have to be there."""
        told = self.nodes[0].tool("rabbitmqctl", "--silent", "list_queues", "name", "leader", "--formatter", "json")
        leaders = {queue["name"]: queue["leader"] for queue in json.loads(told)}
        return sorted(self.nodes, key=lambda node: node.name != leaders[source])

    def settled(self) -> bool:
        return all(node.settled() for node in self.nodes)

    def start(self, nodes: Sequence[Node]) -> None:
        """Return once they all answer."""
        _side_by_side(Node.start, nodes)


def _side_by_side(do: Callable[[Node], object], nodes: Sequence[Node]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(do, nodes))
