"""Rich's markup, read so that text which only looks like it is kept: nothing disappears, nothing raises."""

import re
from collections.abc import Iterator

from attrs import frozen
from rich.default_styles import DEFAULT_STYLES
from rich.errors import StyleSyntaxError
from rich.style import Style
from rich.text import Span, Text

_TAG = re.compile(r"(?P<escape>\\?)\[(?P<slash>/?)(?P<body>(?:[a-z#][^\[\]]*)?)\]")
# Rich drops these from text; others that no text has stand for them until it is written.
_KEPT: dict[int, int] = dict(zip((7, 8, 11, 12, 13), range(0xFDD0, 0xFDD5), strict=True))
_RESTORED: dict[int, int] = {stand_in: control for control, stand_in in _KEPT.items()}


@frozen
class _Tag:
    start: int
    end: int
    name: str
    style: Style | None
    """None for a closing tag."""
    escaped: bool


def styled(text: str) -> Text:
    """Text with the styles of its markup. A tag counts if its style is known and it is opened and closed."""
    text = text.translate(_KEPT)
    tags = list(_tags(text))
    partners = _partners(tags)
    result, spans, starts, position = "", list[Span](), dict[int, int](), 0
    for index, tag in enumerate(tags):
        result += text[position : tag.start]
        position = tag.end
        if index in partners:
            opening = partners[index]
            if tag.style is None:
                spans.append(Span(starts[opening], len(result), tags[opening].style or ""))
            else:
                starts[index] = len(result)
        else:
            result += text[tag.start + tag.escaped : tag.end]
    # Of two styles at one place the later span wins: it has to be the inner one.
    return Text(result + text[position:], spans=sorted(spans, key=lambda span: (span.start, -span.end)))


def restored(text: str) -> str:
    """What is to be written for text that `styled` gave."""
    return text.translate(_RESTORED)


def _tags(text: str) -> Iterator[_Tag]:
    """Whatever could be a tag: a known style, or the end of one."""
    for match in _TAG.finditer(text):
        body = match["body"]
        name = body.partition("=")[0]
        style = _style(body)
        if match["slash"] and (style or name in ("", "link")):
            yield _Tag(match.start(), match.end(), body, None, bool(match["escape"]))
        elif style and not match["slash"]:
            yield _Tag(match.start(), match.end(), name, style, bool(match["escape"]))


def _partners(tags: list[_Tag]) -> dict[int, int]:
    """For each tag that has a partner, both ends of the pair, the number of the other."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for index, tag in enumerate(tags):
        if tag.escaped:
            continue
        if tag.style is not None:
            opened.append(index)
            continue
        opening = next((each for each in reversed(opened) if tag.name in ("", tags[each].name)), None)
        if opening is not None:
            opened.remove(opening)
            partners |= {index: opening, opening: index}
    return partners


def _style(body: str) -> Style | None:
    if not body:
        return None
    name, _, target = body.partition("=")
    if name == "link":
        return Style(link=target) if target else None
    try:
        return DEFAULT_STYLES.get(body) or Style.parse(body)
    except StyleSyntaxError:
        return None
