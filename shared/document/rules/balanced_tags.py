"""Balances the HTML tags of every line and of every table.

A browser nests by tags and ignores the blocks of Markdown, so a tag that is closed on a later line
or page would enclose everything between. Therefore only a table that begins at the left margin may
span the lines of its block; every other tag must be closed on its line or is escaped.
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
#: Lines that consist of line breaks; only some renderers treat them as raw HTML.
_LONE_BREAKS = re.compile(
    rf"^(?P<prefix>{PREFIX})(?:<br[ \t]*/?>[ \t]*)+$", re.IGNORECASE | re.MULTILINE
)
#: Marks of Markdown that could overlap with the tags of a table.
_CROSSING = re.compile(r"[*_~`\[\]\\]")


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    closes: bool
    start: int
    #: Line number in the text.
    line: int


class _OpenTags:
    """Open tags, innermost last."""

    def __init__(self) -> None:
        self.tags: list[_Tag] = []
        self._names = Counter[str]()

    def push(self, tag: _Tag) -> None:
        self.tags.append(tag)
        self._names[tag.name] += 1

    def pop_to(self, name: str) -> list[_Tag] | None:
        """Close the innermost ``name``; returns the open tags inside it, or None without one."""
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
    """Close the tags that a table leaves open, and escape other unbalanced tags."""
    if "<" not in text:
        return text
    table = _MARGIN_BLOCK.search(text)
    start = table.start() if table else len(text)
    prose, raw = _LONE_BREAKS.sub(r"\g<prefix>", text[:start]), text[start:]
    return _escaped(prose) + (_closed(raw) if raw else "")


def _tags(text: str) -> Iterator[_Tag]:
    """All tags outside of code except void tags."""
    is_outside = outside(code_spans(text))
    line = position = 0
    for match in TAG.finditer(text):
        name = match["name"].lower()
        if name not in VOID_TAGS and is_outside(match.start()):
            line += text.count("\n", position, match.start())
            position = match.start()
            yield _Tag(name, bool(match["close"]), position, line)


def _escaped(text: str) -> str:
    """``text`` with the tags escaped that are unbalanced on their line."""
    lines = text.split("\n")
    ambiguous = "`" in text and not code_spans(text)
    parts: list[str] = []
    position = 0
    for number, tags in groupby(_tags(text), key=lambda tag: tag.line):
        # Where renderers may disagree about what is a tag, all tags are escaped.
        escape_all = (ambiguous and "`" in lines[number]) or "\\<" in lines[number]
        for tag in list(tags) if escape_all else _unbalanced(lines[number], list(tags)):
            parts.append(text[position : tag.start] + "&lt;")
            position = tag.start + 1
    return "".join(parts) + text[position:]


def _unbalanced(line: str, tags: list[_Tag]) -> list[_Tag]:
    """The tags of one line that must be escaped, in order."""
    crossed = _CROSSING.search(TAG.sub("", line)) is not None
    unbalanced = [tag for tag in tags if crossed and tag.name in BLOCK_TAGS]
    open_tags = _OpenTags()
    for tag in (tag for tag in tags if not crossed or tag.name not in BLOCK_TAGS):
        if not tag.closes:
            open_tags.push(tag)
            continue
        inside = open_tags.pop_to(tag.name)
        if inside is not None:
            unbalanced.extend(inside)
        elif tag.name not in BLOCK_TAGS:
            unbalanced.append(tag)
    return sorted([*unbalanced, *open_tags.tags], key=lambda tag: tag.start)


def _closed(text: str) -> str:
    """``text`` with a closing tag added for every tag that is not closed."""
    open_tags = _OpenTags()
    parts: list[str] = []
    position = 0
    for tag in _tags(text):
        if not tag.closes:
            open_tags.push(tag)
            continue
        inside = open_tags.pop_to(tag.name)
        if inside:
            parts.append(text[position : tag.start] + _closing_tags(inside))
            position = tag.start
    body = text[position:]
    end = len(body.rstrip())
    return "".join(parts) + body[:end] + _closing_tags(open_tags.tags[::-1]) + body[end:]


def _closing_tags(tags: list[_Tag]) -> str:
    return "".join(f"</{tag.name}>" for tag in tags)
