"""Makes every line's tags, and every table's, a whole of their own.

A tag that only a later line or page closes would hold everything between: a browser nests
by tags and knows nothing of Markdown's blocks. So a table may span the lines of its block,
where it begins at the left margin; everything else ends on its line or is text.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from shared.document.code_spans import code_spans, outside
from shared.document.draft import per_prose
from shared.document.syntax import BLOCK_LINE, BLOCK_TAGS, PREFIX, TAG, VOID_TAGS

_MARGIN_BLOCK = re.compile(rf"^(?={BLOCK_LINE})", re.MULTILINE)
#: Lines of nothing but line breaks, which only some renderers take for raw HTML.
_LONE_BREAKS = re.compile(
    rf"^(?P<prefix>{PREFIX})(?:<br[ \t]*/?>[ \t]*)+$", re.IGNORECASE | re.MULTILINE
)
#: Marks of Markdown that could cross the tags of a table beside them.
_CROSSING = re.compile(r"[*_~`\[\]\\]")


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    closes: bool
    start: int
    #: The number of its line.
    line: int


class _Open:
    """Tags that wait for their partner, innermost last."""

    def __init__(self) -> None:
        self.tags: list[_Tag] = []
        self._names = Counter[str]()

    def push(self, tag: _Tag) -> None:
        self.tags.append(tag)
        self._names[tag.name] += 1

    def pop_to(self, name: str) -> list[_Tag] | None:
        """Take out the innermost ``name`` and what is inside it, which is returned."""
        if not self._names[name]:
            return None
        inside = []
        while (tag := self._pop()).name != name:
            inside.append(tag)
        return inside

    def _pop(self) -> _Tag:
        tag = self.tags.pop()
        self._names[tag.name] -= 1
        return tag


@per_prose
def balanced_tags(text: str) -> str:
    """Close what a table leaves open in its block, and escape other tags without a partner."""
    if "<" not in text:
        return text
    table = _MARGIN_BLOCK.search(text)
    start = table.start() if table else len(text)
    prose, raw = _LONE_BREAKS.sub(r"\g<prefix>", text[:start]), text[start:]
    return _escaped(prose) + (_closed(raw) if raw else "")


def _tags(text: str) -> Iterator[_Tag]:
    """The tags outside of code that need a partner."""
    is_outside = outside(code_spans(text))
    line = position = 0
    for match in TAG.finditer(text):
        name = match["name"].lower()
        if name not in VOID_TAGS and is_outside(match.start()):
            line += text.count("\n", position, match.start())
            position = match.start()
            yield _Tag(name, bool(match["close"]), position, line)


def _escaped(text: str) -> str:
    """``text`` with the ``<`` escaped of tags that have no partner on their line."""
    lines = text.split("\n")
    in_doubt = "`" in text and not code_spans(text)
    parts: list[str] = []
    position = 0
    for number, tags in groupby(_tags(text), key=lambda tag: tag.line):
        # Where renderers may disagree on which are tags, none is.
        doubtful = (in_doubt and "`" in lines[number]) or "\\<" in lines[number]
        for tag in list(tags) if doubtful else _lonely(lines[number], list(tags)):
            parts.append(text[position : tag.start] + "&lt;")
            position = tag.start + 1
    return "".join(parts) + text[position:]


def _lonely(line: str, tags: list[_Tag]) -> list[_Tag]:
    """The tags of one line that must not live, in order."""
    crossed = _CROSSING.search(TAG.sub("", line)) is not None
    lonely = [tag for tag in tags if crossed and tag.name in BLOCK_TAGS]
    waiting = _Open()
    for tag in (tag for tag in tags if not crossed or tag.name not in BLOCK_TAGS):
        if not tag.closes:
            waiting.push(tag)
            continue
        inside = waiting.pop_to(tag.name)
        if inside is not None:
            lonely.extend(inside)
        elif tag.name not in BLOCK_TAGS:
            lonely.append(tag)
    return sorted([*lonely, *waiting.tags], key=lambda tag: tag.start)


def _closed(text: str) -> str:
    """``text`` with closing tags wherever something is still open that should not be."""
    waiting = _Open()
    parts: list[str] = []
    position = 0
    for tag in _tags(text):
        if not tag.closes:
            waiting.push(tag)
            continue
        inside = waiting.pop_to(tag.name)
        if inside:
            parts.append(text[position : tag.start] + _endings(inside))
            position = tag.start
    body = text[position:]
    end = len(body.rstrip())
    return "".join(parts) + body[:end] + _endings(waiting.tags[::-1]) + body[end:]


def _endings(tags: list[_Tag]) -> str:
    return "".join(f"</{tag.name}>" for tag in tags)
