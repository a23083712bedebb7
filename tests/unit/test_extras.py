"""The client libraries are extras: without them everything else works, and a driver that needs one says which."""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

from asynctasq import plugins
from asynctasq.ports.queue import Queue

CLIENTS = {name: driver.client for name, driver in plugins.OURS["queues"].items() if driver.create and driver.client}

HIDE = """
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
hidden = set(sys.argv[1:])
PathFinder.find_spec = lambda name, *rest: None if name.partition(".")[0] in hidden else find(name, *rest)
"""
"""What begins with this finds none of the packages that are its arguments."""

ASK_EACH_BY_COMMAND = """
import contextlib, io, json
from asynctasq import plugins
from asynctasq.cli.main import main

said = {}
for name, driver in plugins.OURS["queues"].items():
    if driver.create and driver.client:
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            status = main(["queues", "--driver", name])
        said[name] = status, errors.getvalue()
embedded = main(["queues"])
print(json.dumps([said, embedded]))
"""

ASK_EACH_IN_PYTHON = """
import json
from asynctasq import init, plugins, run, task

@task
async def work(): ...

async def dispatch():
    await work().dispatch()

def words(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)

said = {}
for name, driver in plugins.OURS["queues"].items():
    if driver.create and driver.client:
        said[name] = words(init, {"driver": name})
        # Who went on all the same hears the same again.
        assert words(lambda: run(dispatch())) == said[name]

# Its adapter can be imported without the library, so it must say the same by itself.
from asynctasq.drivers.sqs_driver import SQSDriver
try:
    run(SQSDriver().open())
except Exception as error:
    said["SQSDriver"] = type(error).__name__, str(error)
print(json.dumps(said))
"""


IMPORT_EACH = """
import importlib, json
from asynctasq import plugins

said = {}
for name, driver in plugins.OURS["queues"].items():
    if driver.create and driver.client and name != "sqs":  # which can be imported without, as above
        try:
            importlib.import_module(f"asynctasq.drivers.{name}_driver")
        except Exception as error:
            said[name] = type(error).__name__, str(error)
print(json.dumps(said))
"""


def without_clients(code, folder):
    (folder / "ask.py").write_text(HIDE + code)
    done = subprocess.run(
        [sys.executable, "ask.py", *CLIENTS.values()],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_a_command_with_a_driver_whose_extra_is_not_installed_names_it_in_one_line(tmp_path):
    said, embedded = without_clients(ASK_EACH_BY_COMMAND, tmp_path)

    assert embedded == 0
    assert said.keys() == CLIENTS.keys()
    for driver, (status, errors) in said.items():
        assert status != 0
        assert errors.strip().splitlines() == [
            f"asynctasq: driver {driver!r} needs {CLIENTS[driver]}: pip install 'asynctasq[{driver}]'"
        ]


def test_init_and_a_dispatch_with_a_driver_whose_extra_is_not_installed_name_it_in_one_line(tmp_path):
    said = without_clients(ASK_EACH_IN_PYTHON, tmp_path)

    assert said.pop("SQSDriver") == said["sqs"]
    assert said == {
        driver: ["MissingExtra", f"driver {driver!r} needs {client}: pip install 'asynctasq[{driver}]'"]
        for driver, client in CLIENTS.items()
    }


def test_the_import_path_of_a_driver_whose_extra_is_not_installed_names_it_in_one_line(tmp_path):
    said = without_clients(IMPORT_EACH, tmp_path)

    assert said == {
        driver: ["MissingExtra", f"driver {driver!r} needs {client}: pip install 'asynctasq[{driver}]'"]
        for driver, client in CLIENTS.items()
        if driver != "sqs"
    }


def test_importing_the_package_loads_no_client_library():
    code = "import asynctasq, sys; print([name for name in sys.argv[1:] if name in sys.modules])"

    done = subprocess.run(
        [sys.executable, "-c", code, *CLIENTS.values(), "aiohttp", "botocore"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("driver", CLIENTS)
def test_the_import_path_of_the_guides_is_a_name_and_nothing_else(driver):
    module = importlib.import_module(f"asynctasq.drivers.{driver}_driver")

    [name] = module.__all__
    assert issubclass(getattr(module, name), Queue)
    assert len(Path(inspect.getfile(module)).read_text().splitlines()) <= 12


def test_every_import_path_of_the_guides_belongs_to_a_driver():
    folder = Path(inspect.getfile(importlib.import_module("asynctasq.drivers"))).parent

    assert {path.stem for path in folder.glob("*_driver.py")} <= {f"{driver}_driver" for driver in CLIENTS}
