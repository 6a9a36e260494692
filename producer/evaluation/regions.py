r"""Cuts Markdown into fenced code, HTML tables, display formulas and the prose between them.

One pass over the delimiters, so that unclosed ones in hostile text cost no second look.
"""

import re
from collections.abc import Iterator
from typing import Literal

from shared.document.rules.code_fences import fences

RegionKind = Literal["prose", "code", "table", "formula"]
Region = tuple[RegionKind, str]
_DELIMITER = re.compile(
    r"(?P<open><table\b[^<>]*>)|(?P<close></table\s*>)|(?P<left>(?<!\\)\\\[)|(?P<right>\\\])"
    r"|(?P<dollars>(?<!\\)\$\$)",
    re.IGNORECASE,
)


def regions(markdown: str) -> Iterator[Region]:
    """The regions in order; a table that is not closed ends with the text."""
    lines = markdown.split("\n")
    position = 0
    for first, last in fences(markdown):
        yield from _outside_code("\n".join(lines[position:first]))
        yield "code", "\n".join(_without_fence(lines[first:last]))
        position = last
    yield from _outside_code("\n".join(lines[position:]))


def _without_fence(lines: list[str]) -> list[str]:
    mark = lines[0].strip()[:3]
    closed = len(lines) > 1 and lines[-1].strip().startswith(mark)
    return lines[1:-1] if closed else lines[1:]


def _outside_code(text: str) -> Iterator[Region]:
    position = 0
    for kind, start, end in _cuts(text):
        yield "prose", text[position:start]
        yield kind, text[start:end] if kind == "table" else text[start + 2 : end - 2]
        position = end
    yield "prose", text[position:]


def _cuts(text: str) -> Iterator[tuple[RegionKind, int, int]]:
    """Kind, start and end of every table and display formula; inner tables are not cut."""
    start, depth, closing = 0, 0, ""
    for mark in _DELIMITER.finditer(text):
        kind = mark.lastgroup or ""
        if depth and kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
            if not depth:
                yield "table", start, mark.end()
        elif not depth and closing:
            if kind == closing:
                yield "formula", start, mark.end()
                closing = ""
        elif not depth:
            depth, closing = int(kind == "open"), _CLOSING.get(kind, "")
            start = mark.start()
    if depth:
        yield "table", start, len(text)


_CLOSING = {"left": "right", "dollars": "dollars"}
