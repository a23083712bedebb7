"""A folder of a user with modules and a queue, and the command line in it: real processes."""

import contextlib
import json
import os
import subprocess
import sys

SHOP = """
import threading
from asynctasq import task

@task(queue="emails")
async def mail(to):
    print("mailed", to, flush=True)

@task(max_attempts=1)
def fail(text):
    raise ValueError(text)

@task
def hang():
    print("hanging", flush=True)
    threading.Event().wait()
"""
CONFIGURED = """
import os
from asynctasq import init
from shop import *
os.environ["ASYNCTASQ_WORKER_LEASE_SECONDS"] = "17"
init({"task_defaults": {"queue": "ours"}, "worker": {"concurrency": 4}})
"""
CONTAINED = """
from dependency_injector import containers, providers
from asynctasq import Container, Settings
from shop import *

class Host(containers.DeclarativeContainer):
    jobs = providers.Container(Container, settings=providers.Object(Settings.load({"worker": {"concurrency": 3}})))

host = Host()
"""
ON_ASYNCIO = "import sys; sys.modules['uvloop'] = None; from asynctasq.cli.main import main; sys.exit(main())"
LOOPS = {"uvloop": ["-m", "asynctasq"], "asyncio": ["-c", ON_ASYNCIO]}


class Project:
    """A folder with the modules of a user and a queue."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCTASQ_")}
        for name, text in {"shop": SHOP, "configured": CONFIGURED, "contained": CONTAINED}.items():
            (folder / f"{name}.py").write_text(text)

    def dispatch(self, call):
        return self.run("-c", f"import shop; print(shop.{call}.dispatch_sync())").stdout.strip()

    def bury(self, *texts):
        ids = [self.dispatch(f"fail({text!r})") for text in texts]
        assert self.cli("worker", "--burst").returncode == 0
        return ids

    def cli(self, *arguments, **options):
        return self.run("-m", "asynctasq", *arguments, **options)

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json").stdout)

    def run(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        command = [sys.executable, *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    def start_worker(self, *arguments, loop="uvloop"):
        return subprocess.Popen(
            [sys.executable, *LOOPS[loop], "worker", *arguments],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@contextlib.contextmanager
def running(worker):
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def read_until(worker, text):
    lines = []
    for line in worker.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} never came:\n{''.join(lines)}")


def complaint(finished):
    """The one line of a command that failed."""
    assert finished.stdout == ""
    [line] = finished.stderr.splitlines()
    return line
