"""Divides a block that is longer than a chunk."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from shared.document.exports.blocks import ExportBlock
from shared.document.structure.tables.html_tables import raw_rows, write_rows

_SENTENCE_END = re.compile(r"[.!?…]['\"”’»)\]]*\s+|[。！？]|\n")
_SPACE = re.compile(r"\s+")


def split_block(block: ExportBlock, limit: int) -> Iterator[ExportBlock]:
    """``block``, or its parts of at most ``limit`` characters; no word is lost."""
    if len(block.markdown) <= limit:
        yield block
        return
    # The mark and the indentation of an item count too.
    room = max(1, limit - block.level - len(block.marker) - 1)
    for text in _parts(block, room):
        yield replace(block, text=text, level=block.level if block.kind in _LEVELLED else 0)


_LEVELLED = ("heading", "item")


def _parts(block: ExportBlock, limit: int) -> Iterator[str]:
    if block.kind == "table":
        parts = _html_rows(block.text, limit) or _lines(block.text, 2, "", limit)
    elif block.kind == "code":
        parts = _lines(block.text, 1, block.text.split("\n")[-1], limit)
    else:
        parts = None
    for part in parts or [block.text]:
        yield from _text(part, limit)


def _html_rows(text: str, limit: int) -> list[str] | None:
    """Tables of some rows each, all with the first row; None for a table that is not regular."""
    rows = raw_rows(text)
    if not rows:
        return None
    first, others = rows[0], rows[1:]
    if len(write_rows([first])) > limit // 2 or any(c.height > 1 for row in rows for c in row):
        first, others = (), rows
    tables: list[str] = []
    group = [first] if first else []
    for row in others:
        if len(group) > bool(first) and len(write_rows([*group, row])) > limit:
            tables.append(write_rows(group))
            group = [first] if first else []
        group.append(row)
    return [*tables, write_rows(group)]


def _lines(text: str, head: int, last: str, limit: int) -> list[str] | None:
    """Groups of lines, each after the first ``head`` lines and before ``last``."""
    lines = text.split("\n")
    first, others = lines[:head], lines[head : len(lines) - bool(last)]
    frame = len("\n".join([*first, "", last]))
    if frame > limit // 2 or not others:
        return None
    groups: list[list[str]] = [[]]
    length = frame
    for line in others:
        if groups[-1] and length + len(line) + 1 > limit:
            groups.append([])
            length = frame
        groups[-1].append(line)
        length += len(line) + 1
    return ["\n".join([*first, *group, *_closing(last)]) for group in groups]


def _closing(last: str) -> Sequence[str]:
    return [last] if last else []


def _text(text: str, limit: int) -> Iterator[str]:
    while len(text) > limit:
        end = _cut(text, limit)
        if part := text[:end].rstrip():
            yield part
        text = text[end:].lstrip()
    if text:
        yield text


def _cut(text: str, limit: int) -> int:
    """The last end of a sentence in the second half of the limit, or else of a word."""
    for pattern, first in ((_SENTENCE_END, limit // 2), (_SPACE, 1)):
        ends = [found.end() for found in pattern.finditer(text, first, limit + 1)]
        fitting = [end for end in ends if end <= limit]
        if fitting:
            return fitting[-1]
    return limit
