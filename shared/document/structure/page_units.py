"""Reads the units of a page from its Markdown, with kinds and boxes from the page's blocks.

The Markdown decides what is written, because a prompt may ask for anything; the blocks say where
it stands. Both are compared by their letters and digits.
"""

import re
from collections.abc import Iterator

from shared.document.rules.code_fences import split
from shared.document.structure.block_alignment import BlockAlignment
from shared.document.structure.text.marks import without_marks
from shared.document.structure.units import Place, Unit, UnitKind
from shared.document.syntax import BLANK_LINES, has_fence_line
from shared.domain.records.page_result import PageResult

ITEM = re.compile(r"(?P<indent> *)(?P<marker>[-*+]|\d{1,9}[.)])(?P<gap> +)(?=\S)(?P<text>.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(?=\S)[^\n]*")
_FIGURES = re.compile(r"(?:!\[[^\[\]\n]*\]\(figure:\d{1,6}\)\s*)+")
_PIPES = re.compile(
    r"[^\n]*\|[^\n]*\n[ \t]*(?:\|?[ \t]*:?-+:?[ \t]*(?:[|\n]|$)|\|[-:| \t]+(?:\n|$))"
)
#: The kinds of blocks by their beginning, in the order of comparison.
_STARTS: tuple[tuple[UnitKind, re.Pattern[str]], ...] = (
    ("code", re.compile(r" *(?:```|~~~)")),
    ("table", re.compile(r" *<table", re.IGNORECASE)),
    ("equation", re.compile(r"!\[formula: [^\[\]\n]*\]\(figure:\d{1,6}\)\Z")),
    ("figure", re.compile(rf"{_FIGURES.pattern}\Z")),
    ("quote", re.compile(">")),
    ("list", ITEM),
    ("equation", re.compile(r" *(?:\$\$|\\\[)")),
    ("table", _PIPES),
    ("html", re.compile(" *<")),
)
#: The first characters of all of these blocks but a table of pipes.
_SPECIAL = re.compile(r" *(?:[`~<$\\*+-]|\d)|[!>]")


def page_units(result: PageResult) -> list[Unit]:
    """The units of a page in reading order, furniture too; none for a page without text."""
    if result.status != "ok":
        return []
    text = without_marks(result.markdown).strip()
    units = [unit for lead, chunk in _chunks(text) for unit in _units(result.page, lead, chunk)]
    return BlockAlignment(result).placed(units)


def _chunks(text: str) -> Iterator[tuple[str, str]]:
    """The Markdown blocks of ``text``, each with the blank space before it."""
    lead = ""
    pieces = split(text) if has_fence_line(text) else ()
    for piece in pieces or _blank_separated(text):
        whole = piece if isinstance(piece, str) else piece.text
        chunk = whole.rstrip("\n \t")
        if isinstance(piece, str) or piece.kind == "prose":
            # A piece after fenced code begins with the blank line between them.
            start = len(chunk) - len(chunk.lstrip("\n"))
            lead, whole, chunk = lead + whole[:start], whole[start:], chunk[start:]
        if isinstance(piece, str) or piece.kind == "prose":
            for part in _parts(chunk):
                yield lead, part
                lead = "\n"
        elif chunk:
            yield lead, chunk
        lead = whole[len(chunk) :] if chunk else lead + whole


def _blank_separated(text: str) -> Iterator[str]:
    position = 0
    for blank in BLANK_LINES.finditer(text):
        yield text[position : blank.end()]
        position = blank.end()
    if position < len(text):
        yield text[position:]


def _parts(chunk: str) -> Iterator[str]:
    """``chunk``, apart from a heading line at its beginning."""
    while chunk:
        heading = _HEADING.match(chunk)
        if heading is None or heading.end() == len(chunk) or chunk[heading.end()] != "\n":
            break
        yield heading.group()
        chunk = chunk[heading.end() + 1 :]
    if chunk.strip():
        yield chunk


def _units(page: int, lead: str, chunk: str) -> Iterator[Unit]:
    place = (Place(page),)
    kind, level = _kind_of(chunk)
    items = _items(chunk) if kind == "list" else []
    if not items:
        yield Unit(kind, chunk, page, place, lead, level)
        return
    for indent, marker, text in items:
        yield Unit("item", text, page, place, lead, indent, marker)
        lead = "\n"


def _kind_of(chunk: str) -> tuple[UnitKind, int]:
    heading = _HEADING.fullmatch(chunk)
    if heading:
        return "heading", len(heading[1])
    if not _SPECIAL.match(chunk) and "|" not in chunk:
        return "text", 0
    return next((kind for kind, pattern in _STARTS if pattern.match(chunk)), "text"), 0


def _items(chunk: str) -> list[tuple[int, str, str]]:
    """Indent, mark and text of each item; empty if the list has more than one line per item."""
    items = []
    for line in chunk.split("\n"):
        match = ITEM.fullmatch(line)
        if match is None or len(match["gap"]) > 4:
            return []
        items.append((len(match["indent"]), match["marker"], match["text"].rstrip()))
    return items
