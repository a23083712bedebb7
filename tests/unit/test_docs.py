"""What can be known of the documentation by reading it. `tests/acceptance/test_docs.py` runs it."""

import io
import re
from functools import cache

import pytest
from rich.console import Console

from asynctasq.cli.main import app
from asynctasq.domain.lifecycle import TRANSITIONS
from docs.generate import PARTS, generated
from tests.pages import PAGES, ROOT, anchors, blocks, commands, links, spans

RUN = {"python", "console"}
SHOWN = {"text", "toml", "ini", "dockerfile", "yaml"}
DRAWN = {"mermaid"}

ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(params=PAGES, ids=name_of)
def page(request):
    return request.param


@pytest.fixture(params=ADRS, ids=lambda page: page.stem)
def adr(request):
    return request.param


@cache
def flags():
    shown = io.StringIO()
    for command in (["worker"], ["queues", "purge"], ["dead", "list"], ["dead", "purge"], ["migrate"], ["publish"]):
        app.help_print(command, console=Console(file=shown, width=1000))
    return {*re.findall(r"--[a-z][a-z-]+", shown.getvalue())}


def section(adr, title):
    text = adr.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_somebody_decided_what_to_do_with_every_block(page):
    undecided = [block.where for block in blocks(page) if block.language not in RUN | SHOWN | DRAWN]

    assert not undecided


def test_a_file_that_is_shown_is_run_or_imported(page):
    files = [block for block in blocks(page) if block.file]

    for file in files:
        others = [block.code for block in blocks(page) if block.file != file.file]
        module = file.file.removesuffix(".py").replace("/", r"[./]")
        assert any(re.search(rf"\b{module}\b", code) for code in others), file.where


def test_a_link_leads_somewhere(page):
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)

    assert not broken


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        ahead += [(page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link]

    assert set(PAGES) - reached == set()


def test_make_commands_name_targets(page):
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    lines = [command.line for block in blocks(page) if block.language == "console" for command in commands(block)]

    assert {target for line in lines for target in re.findall(r"^make (\w+)", line)} <= targets


def test_a_command_named_in_a_sentence_is_there(page):
    named = [span.split()[1:] for span in spans(page) if span.startswith("asynctasq ") and "…" not in span]

    for command, *rest in named:
        assert command in app
        below = [name for name in app[command] if not name.startswith("-")]
        if below and rest and not rest[0].startswith("-"):
            assert rest[0] in below


def test_a_flag_named_in_a_sentence_is_there(page):
    named = {flag for span in spans(page) for flag in re.findall(r"(?<!\S)--[a-z][a-z-]+", span)}

    assert named <= flags()


@pytest.mark.parametrize("page", PARTS)
def test_what_is_generated_is_up_to_date(page):
    assert (ROOT / page).read_text(encoding="utf-8") == generated(page), "run `python docs/generate.py`"


def test_the_picture_of_the_life_cycle_shows_every_step_and_no_other():
    picture = (ROOT / "docs/explanation/life-cycle.md").read_text(encoding="utf-8")

    drawn = re.findall(r"^ *(\w+) --> (\w+): (\w+)$", picture, flags=re.MULTILINE)

    assert set(drawn) == {(state.value, after.value, step.value) for (state, step), after in TRANSITIONS.items()}
    assert len(drawn) == len(TRANSITIONS)


def test_the_index_names_every_decision_by_its_title():
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")

    listed = re.findall(r"^- \[(.+)\]\((\d{4}-.+\.md)\)$", index, flags=re.MULTILINE)

    titles = [re.sub(r"^# 0*", "", adr.read_text(encoding="utf-8").splitlines()[0]) for adr in ADRS]
    assert listed == [(title, adr.name) for title, adr in zip(titles, ADRS, strict=True)]


def test_decisions_are_numbered_without_gaps():
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_a_decision_has_all_its_parts(adr):
    for title in ("Context and problem", "Options", "Decision", "Consequences", "Confirmation"):
        assert section(adr, title).strip(), title


def test_a_confirmation_names_something_that_is_there(adr):
    named = re.findall(r"`((?:tests|src)/[^`:]+)(?:::(\w+))?`", section(adr, "Confirmation"))

    assert named
    for path, test in named:
        assert (ROOT / path).exists(), path
        assert test in (ROOT / path).read_text(encoding="utf-8") if test else True, test
