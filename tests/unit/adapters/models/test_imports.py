"""Nobody pays for an ORM that is not there."""

import json
import subprocess
import sys

ORMS = ("sqlalchemy", "django", "tortoise", "asgiref", "greenlet")
PROGRAM = """
import dataclasses, json, sys
from asynctasq.container import Container
from asynctasq import Settings, task
from dependency_injector import providers

@dataclasses.dataclass
class Point:
    x: int

sys.modules["points"] = sys.modules["__main__"]

container = Container(settings=providers.Object(Settings(driver="memory")))
codec, models = container.codec(), container.models()
body = codec.encode((Point(1), [2, {3}], "text"), {})
args, kwargs = codec.decode(body)
assert args[0] == Point(1)
assert models.loading(codec.references(body), codec.decode, None, 1) is None
models.enter_child()
print(json.dumps(sorted(name for name in sys.modules if name.partition(".")[0] in %r)))
"""


def test_a_task_without_models_imports_no_orm():
    program = PROGRAM % (ORMS,)

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []
