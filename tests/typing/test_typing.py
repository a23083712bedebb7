import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]


def pyright(*files: Path) -> list[str]:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--project", str(PROJECT), *map(str, files)]
    answer = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    found = json.loads(answer.stdout)["generalDiagnostics"]
    return [f"{each['rule']} {each['message']}" for each in found if each["severity"] == "error"]


@pytest.mark.parametrize("file", ["right_calls.py", "wrong_calls.py"])
def test_a_type_checker_knows_right_from_wrong(file):
    assert pyright(HERE / file) == []


def test_a_wrong_call_is_reported_to_its_author(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from asynctasq.app.tasks import task\n\n@task\ndef send(to: str) -> None: ...\n\nsend(to=7)\n")

    reported = pyright(script)

    assert len(reported) == 1
    assert reported[0].startswith("reportArgumentType")
