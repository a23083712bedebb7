"""A stand-in for Amazon SQS in a process of its own: moto's server, whose time can be moved and which can be emptied.

Run as a script it is the server; imported it starts one. moto does not lock what its threads share, so here only one
of them runs at a time, except while it waits for messages.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, Self

JUST_AFTER = 0.001
"""moto ends a visibility timeout just after its instant."""


class MotoServer:
    """`patience` is the share of its time that a long poll really takes."""

    def __init__(self, *, patience: float = 1.0, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--patience", str(patience), "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "moto's server did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def advance(self, seconds: float) -> None:
        self._control(advance=seconds + JUST_AFTER)

    def empty(self) -> None:
        """Forget every message, keep the queues."""
        self._control(empty=True)

    def send(self, queue: str, text: str) -> None:
        """Put a message there beside the API, on a queue that is made if need be."""
        self._control(send=[queue, text])

    def forget(self) -> None:
        """Forget the queues too."""
        self._control(forget=True)

    def deny(self, *actions: str) -> None:
        """Answer these as AWS does if a policy does not allow them, and no others."""
        self._control(deny=actions)

    def create(self, queue: str, **attributes: str) -> str:
        """Its URL."""
        self._control(create=[queue, attributes])
        return f"{self.url}/123456789012/{queue}"

    def calls(self) -> dict[str, int]:
        """How often each action was asked for so far."""
        return self._control()

    def _control(self, **orders: object) -> Any:
        request = urllib.request.Request(f"{self.url}/control", json.dumps(orders).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


class Service:
    """moto's application with a hand on its clock."""

    def __init__(self, patience: float) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from moto.sqs import models

        self.moto = DomainDispatcherApplication(create_backend_app)
        self.backend = models.sqs_backends["123456789012"]["us-east-1"]
        self.turn = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.denied: set[str] = set()
        self.moved = 0.0
        receive = models.SQSBackend.receive_message
        # moto asks for the time once per message and question, so this is to be quick.
        models.unix_time = lambda: time.time() + self.moved
        models.unix_time_millis = lambda: (time.time() + self.moved) * 1000
        models.Queue.wait_for_messages = lambda queue, _: self.wait(queue)
        models.SQSBackend.receive_message = lambda backend, name, count, wait, *rest: receive(
            backend, name, count, wait * patience, *rest
        )

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        with self.turn:
            if environ["PATH_INFO"] == "/control":
                for order, given in json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))).items():
                    getattr(self, order)(given)
                start("200 OK", [("Content-Type", "application/json")])
                return [json.dumps(self.calls).encode()]
            action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            self.calls[action] += 1
            if action not in self.denied:
                return list(self.moto(environ, start))
            start("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
            return [json.dumps({"__type": "com.amazon.coral.service#AccessDeniedException"}).encode()]

    def wait(self, queue: Any) -> None:
        """Until something comes or a little later, and let others have their turn."""
        self.turn.release()
        try:
            with queue._messages_lock:
                queue._messages_lock.wait(0.05)
        finally:
            self.turn.acquire()

    def advance(self, seconds: float) -> None:
        self.moved += seconds
        for queue in self.backend.queues.values():
            with queue._messages_lock:
                queue._messages_lock.notify_all()

    def empty(self, _: object) -> None:
        for queue in self.backend.queues.values():
            queue._messages, queue._pending_messages = [], set()

    def forget(self, _: object) -> None:
        self.backend.queues.clear()

    def create(self, given: tuple[str, dict[str, str]]) -> None:
        name, attributes = given
        self.backend.create_queue(name, **attributes)

    def send(self, given: tuple[str, str]) -> None:
        name, text = given
        if name not in self.backend.queues:
            self.create((name, {"MessageRetentionPeriod": "1209600"}))
        self.backend.send_message(name, text)

    def deny(self, actions: list[str]) -> None:
        self.denied = set(actions)


def serve(port: int, patience: float) -> None:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", port, Service(patience), threaded=True, request_handler=MotoRequestHandler)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.path.remove(str(Path(__file__).parent))  # what lies beside this file is none of moto's
    parser = argparse.ArgumentParser()
    parser.add_argument("--patience", type=float)
    parser.add_argument("--port", type=int)
    given = parser.parse_args()
    serve(given.port, given.patience)
