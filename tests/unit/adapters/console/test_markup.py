import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asynctasq.adapters.console.markup import restored, styled


def plain(text):
    return restored(styled(text).plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[bold]a[/bold]b", "ab"),
        ("[bold red]a[/]", "a"),
        ("[red]a[bold]b[/bold]c[/red]", "abc"),
        ("[red]a[bold]b[/red]c[/bold]", "abc"),
        ("[link=https://example.com/?a=1]Link[/link]", "Link"),
        ("[#ff0000]a[/#ff0000]", "a"),
        ("[dim]Step 1/4:[/dim] x", "Step 1/4: x"),
        (r"\[bold]a\[/bold]", "[bold]a[/bold]"),
        ("[repr.number]1[/repr.number]", "1"),
    ],
)
def test_markup_is_taken_out(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "a[0] and a[i] and matrix[i][j]",
        "[/path]",
        "[/]",
        "[/bold]",
        "[not a tag",
        "[not a tag]",
        "[]",
        "[[]]",
        "list[int]",
        "colours[red]",
        "[bold]never closed",
        "[link=]x[/link]",
        "[foo]x[/foo]",
        "[@click=run]x[/@click]",
        "C:\\[dir]",
        r"\[a-z]\[/path]",
        ":smile: 50% \r\a\b\f\v\t",
        "[color(999)]x[/color(999)]",
        "[on]x[/on]",
        "\x1b[31mred\x1b[0m",
    ],
)
def test_what_only_looks_like_markup_stays(text):
    assert plain(text) == text


def test_a_style_covers_what_stands_between_its_tags():
    text = styled("a[red]b[bold]c[/]d[/]e")

    assert [(text.plain[span.start : span.end], str(span.style)) for span in text.spans] == [
        ("bcd", "red"),
        ("c", "bold"),
    ]


def test_a_link_leads_to_its_url():
    (span,) = styled("[link=https://example.com]x[/link]").spans

    assert span.style.link == "https://example.com"


tags = st.sampled_from(["[bold]", "[/bold]", "[/]", "[red]", "[/red]", "[x]", "[/x]", "[", "]", "\\", "[link=a]"])


@given(st.lists(tags | st.text(st.characters(exclude_characters="\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4"), max_size=5)))
def test_nothing_but_tags_and_their_escapes_disappears(parts):
    def without_tags(text):
        """Again and again, because what closes up around a tag may look like one."""
        while (less := re.sub(r"\\|\[(/?(bold|red)?|link=a)\]", "", text)) != text:
            text = less
        return text

    text = "".join(parts)

    assert without_tags(plain(text)) == without_tags(text)
