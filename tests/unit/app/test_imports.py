import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from asynctasq.app import registry
from asynctasq.app.imports import Forbidden, Importer, Unknown
from asynctasq.domain.errors import ConfigurationError

TASKS = """
    import os
    from asynctasq.app.tasks import task

    @task
    def send():
        return "sent"

    def helper():
        pass

    class Mail:
        pass
"""


class Shop:
    """A working directory with modules in it."""

    def __init__(self, root: Path, known: registry.Registry) -> None:
        self.root = root
        self.registry = known

    def write(self, path, text=TASKS):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        return file

    def importer(self, *apps):
        return Importer(self.registry, apps=apps, root=self.root)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    known = registry.Registry()
    monkeypatch.setattr(registry, "default", known)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Shop(tmp_path, known)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def refused(importer, name):
    with pytest.raises((Forbidden, Unknown)) as caught:
        importer.find(name)
    return caught.type, str(caught.value)


def test_a_module_of_the_working_directory_is_imported_for_its_tasks(shop):
    shop.write("jobs_a.py")

    assert shop.importer().find("jobs_a:send").create((), {}).execute() == "sent"


def test_a_module_deep_in_packages_with_and_without_init_is_found(shop):
    shop.write("pkg_b/__init__.py", "")
    shop.write("pkg_b/inner/mail.py")

    assert shop.importer().find("pkg_b.inner.mail:send").name == "pkg_b.inner.mail:send"


def test_a_registered_task_needs_no_import(shop):
    shop.write("jobs_c.py")
    shop.importer("jobs_c").load_apps()

    assert shop.importer().find("jobs_c:send").name == "jobs_c:send"


@pytest.mark.parametrize(
    "name", ["", "jobs", "os:", ":send", ".jobs:send", "jobs:<lambda>", "__main__:main", "j:" + "x" * 10_000]
)
def test_a_malformed_name_is_forbidden(shop, name):
    kind, text = refused(shop.importer(), name)

    assert kind is Forbidden
    assert len(text) < 150


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen", "sys:exit", "json.tool:main", "msgpack:packb"])
def test_what_is_part_of_python_or_installed_is_forbidden(shop, name):
    assert refused(shop.importer(), name)[0] is Forbidden


def test_what_is_found_nowhere_is_unknown(shop):
    assert refused(shop.importer(), "jobs_nowhere:send")[0] is Unknown


def test_a_missing_module_of_an_own_package_is_unknown(shop):
    shop.write("pkg_e/__init__.py", "")

    assert refused(shop.importer(), "pkg_e.newer:send")[0] is Unknown


def test_a_module_that_does_not_import_this_package_is_forbidden_and_not_imported(shop):
    shop.write("plain_f.py", "def send(): pass")

    kind, text = refused(shop.importer(), "plain_f:send")

    assert (kind, "does not import asynctasq" in text) == (Forbidden, True)
    assert "plain_f" not in sys.modules


@pytest.mark.parametrize("mention", ["# import asynctasq", "text = 'import asynctasq'", "from .asynctasq import task"])
def test_only_an_import_statement_counts(shop, mention):
    shop.write("mention_g.py", mention)

    assert refused(shop.importer(), "mention_g:send")[0] is Forbidden


def test_looking_for_a_module_imports_none_of_its_parents(shop):
    shop.write("pkg_h/__init__.py", "raise RuntimeError('imported')")
    shop.write("pkg_h/plain.py", "")

    assert refused(shop.importer(), "pkg_h.plain:send")[0] is Forbidden
    assert "pkg_h" not in sys.modules


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_installed_packages_are_forbidden_even_as_the_working_directory(shop, folder):
    shop.root = shop.root / folder
    shop.write("jobs_i.py")

    assert refused(shop.importer(), "jobs_i:send")[0] is Forbidden


def test_a_virtual_environment_below_the_working_directory_is_forbidden(shop):
    shop.write("venv/pyvenv.cfg", "")
    shop.write("venv/lib/jobs_j.py")

    assert refused(shop.importer(), "venv.lib.jobs_j:send")[0] is Forbidden


def test_a_module_that_another_one_hides_is_forbidden(shop):
    shop.write("json.py")

    assert refused(shop.importer(), "json:send")[0] is Forbidden


def test_an_object_that_is_no_task_is_forbidden(shop):
    shop.write("jobs_k.py")
    importer = shop.importer()

    assert refused(importer, "jobs_k:helper")[0] is Forbidden
    assert refused(importer, "jobs_k:os.system")[0] is Forbidden


def test_an_object_that_is_not_there_is_unknown(shop):
    shop.write("jobs_l.py")
    importer = shop.importer()

    assert refused(importer, "jobs_l:newer")[0] is Unknown
    assert refused(importer, "jobs_l:Mail.newer")[0] is Unknown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import asynctasq\nraise RuntimeError('no database')", "RuntimeError: no database"),
        ("import asynctasq\nraise SystemExit(3)", "SystemExit: 3"),
        ("import asynctasq\nimport jobs_absent", "No module named 'jobs_absent'"),
        ("import asynctasq\ndef broken(:", "cannot be read"),
        ("import asynctasq\0", "cannot be read"),
    ],
)
def test_a_module_that_cannot_be_imported_is_unknown_with_its_own_reason(shop, text, reason):
    shop.write("jobs_m.py", text)

    kind, why = refused(shop.importer(), "jobs_m:send")

    assert kind is Unknown
    assert reason in why


def test_a_failed_import_leaves_no_task_behind(shop):
    shop.write("jobs_n.py", f"{dedent(TASKS)}\nraise RuntimeError('half way')")
    importer = shop.importer()

    assert refused(importer, "jobs_n:send")[0] is Unknown
    assert refused(importer, "jobs_n:send")[0] is Unknown
    assert shop.registry.names() == []


def test_a_failed_file_is_tried_again_only_when_it_has_changed(shop, capsys):
    file = shop.write("jobs_o.py", "import asynctasq\nprint('tried')\nraise RuntimeError('down')")
    importer = shop.importer()
    reasons = [refused(importer, "jobs_o:send") for _ in range(3)]

    assert capsys.readouterr().out == "tried\n"
    assert reasons[0] == reasons[2]

    changed_at = file.stat().st_mtime_ns
    shop.write("jobs_o.py")
    sys.modules.pop("jobs_o", None)
    os.utime(file, ns=(changed_at + 10**9, changed_at + 10**9))
    assert importer.find("jobs_o:send").name == "jobs_o:send"


def test_ctrl_c_during_an_import_is_not_swallowed(shop):
    shop.write("jobs_p.py", "import asynctasq\nraise KeyboardInterrupt")

    with pytest.raises(KeyboardInterrupt):
        shop.importer().find("jobs_p:send")


def test_apps_are_imported_at_the_start(shop):
    shop.write("jobs_q.py")
    importer = shop.importer("jobs_q")

    importer.load_apps()

    assert shop.registry.names() == ["jobs_q:send"]
    assert importer.find("jobs_q:send").name == "jobs_q:send"


def test_with_apps_nothing_else_is_imported(shop):
    shop.write("jobs_r.py")
    shop.write("other_r.py")
    importer = shop.importer("jobs_r")
    importer.load_apps()

    assert refused(importer, "other_r:send")[0] is Unknown
    assert "other_r" not in sys.modules


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pkg_s.newer:send", Unknown),
        ("pkg_s.jobs:newer", Unknown),
        ("pkg_s.jobs:helper", Forbidden),
        ("nowhere_s:send", Unknown),
        ("os:system", Forbidden),
        ("msgpack:packb", Forbidden),
    ],
)
def test_with_apps_what_is_not_theirs_is_unknown_or_forbidden(shop, name, kind):
    shop.write("pkg_s/jobs.py")
    importer = shop.importer("pkg_s.jobs")
    importer.load_apps()

    assert refused(importer, name)[0] is kind


def test_an_app_that_is_not_there_is_a_clear_error(shop):
    with pytest.raises(ConfigurationError, match=r"app 'jobs_t\.mail': no module 'jobs_t' in"):
        shop.importer("jobs_t.mail").load_apps()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import jobs_absent", "ModuleNotFoundError: No module named 'jobs_absent'"),
        ("from os import absent", "ImportError: cannot import name 'absent'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_an_app_that_breaks_shows_its_own_error(shop, text, reason):
    shop.write("jobs_u.py", text)

    with pytest.raises(ConfigurationError, match=f"app 'jobs_u' cannot be imported: {reason}"):
        shop.importer("jobs_u").load_apps()
