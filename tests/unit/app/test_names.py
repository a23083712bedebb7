import sys
from types import ModuleType

import pytest

from asynctasq.app.names import split_name, task_name, why_unreachable


class Outer:
    class Inner:
        pass


def run_as_main(monkeypatch, *, spec=None, file=None):
    main = ModuleType("__main__")
    main.__spec__ = spec
    if file:
        main.__file__ = file
    monkeypatch.setitem(sys.modules, "__main__", main)


class Script:
    pass


Script.__module__ = "__main__"


def test_a_name_is_module_and_qualname():
    assert task_name(Outer.Inner) == f"{__name__}:Outer.Inner"


def test_a_script_is_named_by_its_file(monkeypatch):
    run_as_main(monkeypatch, file="/somewhere/send_mail.py")

    assert task_name(Script) == "send_mail:Script"


def test_a_module_run_with_m_keeps_its_full_name(monkeypatch):
    run_as_main(monkeypatch, spec=pytest.__spec__, file="/somewhere/else.py")

    assert task_name(Script) == "pytest:Script"


def test_a_folder_run_as_a_script_is_not_named_main_by_its_spec(monkeypatch):
    run_as_main(monkeypatch, spec=sys.__spec__.__class__("__main__", None), file="/somewhere/jobs.py")

    assert task_name(Script) == "jobs:Script"


def test_an_interactive_session_has_no_reachable_name(monkeypatch):
    run_as_main(monkeypatch)

    assert "move it to a module" in (why_unreachable(task_name(Script)) or "")


def test_what_is_made_inside_a_function_is_unreachable():
    assert "move it to module level" in (why_unreachable("jobs:main.<locals>.send") or "")


def test_a_file_that_is_no_identifier_is_unreachable():
    assert why_unreachable("send-mail:send") is not None


def test_a_plain_name_is_reachable():
    assert why_unreachable("shop.jobs:Mail.Send") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "jobs",
        ":send",
        "jobs:",
        ".jobs:send",
        "jobs.:send",
        "jobs:send:again",
        "jobs:a..b",
        "../jobs:send",
        "jobs:<lambda>",
        "jobs send:x",
        "__main__:send",
        "__mp_main__:send",
        "jobs:" + "x" * 10_000,
    ],
)
def test_a_malformed_name_is_no_name(name):
    assert split_name(name) is None


def test_a_well_formed_name_is_module_and_qualname():
    assert split_name("shop.jobs:Mail.Send") == ("shop.jobs", "Mail.Send")
