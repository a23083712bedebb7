import builtins
import io
import re
import threading
from datetime import date

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from asynctasq.adapters.console.printing import print


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def printed(*objects, to=io.StringIO, **options):
    stream = to()
    print(*objects, file=stream, **options)
    return stream.getvalue()


def without_colours(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


class TestWithoutTerminal:
    @pytest.mark.parametrize(
        "objects",
        [
            (),
            ("",),
            ("a", 1, None, 2.5),
            ({"a": [1, 2]}, [1], (2,), {3}),
            (date(2026, 1, 1), ValueError("[red]x[/red]"), b"\x00"),
            ("x" * 500,),
            ("a\tb\r50%", "[1, 2]", "[/path]"),
            ({"key": "v" * 300},),
            (Table, len),
        ],
    )
    @pytest.mark.parametrize("options", [{}, {"sep": ", "}, {"end": ""}, {"sep": None, "end": None, "flush": True}])
    def test_it_prints_what_the_built_in_prints(self, objects, options):
        expected = io.StringIO()
        builtins.print(*objects, file=expected, **options)

        assert printed(*objects, **options) == expected.getvalue()

    def test_markup_is_taken_out(self):
        assert printed("[cyan]to[/cyan]", "[bold]Ada[/bold]") == "to Ada\n"

    def test_renderables_stand_on_lines_of_their_own(self):
        table = Table("ID", box=None)
        table.add_row("7")

        assert [line.strip() for line in printed("Users:", table, "end").splitlines()] == ["Users:", "ID", "7", "end"]

    def test_a_panel_is_drawn(self):
        assert "Done" in printed(Panel("[green]Done[/green]"))
        assert "\x1b" not in printed(Panel("[green]Done[/green]"))

    def test_a_wrong_separator_is_refused_as_by_the_built_in(self):
        with pytest.raises(TypeError):
            printed("a", "b", sep=1)


class TestOnATerminal:
    def test_markup_becomes_colour(self):
        assert printed("[red]x[/red]", to=Terminal) == "\x1b[31mx\x1b[0m\n"

    def test_data_is_highlighted(self):
        text = printed({"a": 1}, to=Terminal)

        assert "\x1b[" in text
        assert without_colours(text) == "{'a': 1}\n"

    def test_data_that_is_too_wide_is_laid_out(self):
        text = without_colours(printed({"a": "x" * 30, "b": "y" * 30}, to=Terminal))

        assert text.splitlines()[0] == "{"

    def test_long_lines_are_left_to_the_terminal(self):
        assert without_colours(printed("x" * 500, "\ty", to=Terminal)) == "x" * 500 + " \ty\n"

    def test_control_characters_reach_the_terminal(self):
        assert without_colours(printed("\r[red]half[/red]\a", end="", to=Terminal)) == "\rhalf\a"

    def test_colours_that_are_there_already_stay(self):
        assert printed("\x1b[31mred\x1b[0m", to=Terminal) == "\x1b[31mred\x1b[0m\n"

    def test_no_colour_is_honoured(self, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")

        assert printed(Text("x", "red"), to=Terminal) == "x\n"


def test_standard_output_is_looked_up_at_each_call(monkeypatch):
    for _ in range(2):
        stream = io.StringIO()
        monkeypatch.setattr("sys.stdout", stream)
        print("hello")
        assert stream.getvalue() == "hello\n"


def test_without_standard_output_nothing_happens(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)

    print("hello")


def test_the_lines_of_several_threads_do_not_mix(tmp_path):
    def speak(word, stream):
        for _ in range(200):
            print(f"[bold]{word}[/bold]", word, file=stream)

    with (tmp_path / "out").open("w") as stream:
        threads = [threading.Thread(target=speak, args=(word, stream)) for word in ("ping", "pong")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert set((tmp_path / "out").read_text().splitlines()) == {"ping ping", "pong pong"}
