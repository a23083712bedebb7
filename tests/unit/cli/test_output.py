import pytest

from asynctasq.cli.output import complain, printable, say, show_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 世界", "Grüße, 世界"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\x00b\rc\x9bd", "a\\x00b\\x0dc\\x9bd"),
    ],
)
def test_control_characters_are_spelled_out(text, shown):
    assert printable(text) == shown


def test_markup_in_data_is_data(capsys):
    show_table(("reason",), [["[red]hot[/red] :smile: [/]"]])

    assert "[red]hot[/red] :smile: [/]" in capsys.readouterr().out


def test_into_a_pipe_nothing_is_wrapped(capsys):
    show_table(("id", "reason"), [["x" * 300, "y" * 300]])

    assert f"{'x' * 300}  {'y' * 300}" in capsys.readouterr().out


def test_a_complaint_is_one_line_on_stderr(capsys):
    complain("no\n  such\tthing")

    assert capsys.readouterr() == ("", "asynctasq: no such thing\n")


def test_what_is_said_goes_to_stdout(capsys):
    say("done")

    assert capsys.readouterr() == ("done\n", "")
