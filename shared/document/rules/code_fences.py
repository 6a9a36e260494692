"""Splits a page into Markdown blocks and separates fenced code from prose."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from shared.document.draft import Draft, Piece, per_page
from shared.document.rules.neutral_html import neutralise_all
from shared.document.syntax import (
    BLANK_LINES,
    BLOCK_TAGS,
    FENCE_LINE,
    FENCE_WITH_COLUMNS,
    TABLE_DELIMITER,
    TAG,
    has_fence_line,
)

Lines = tuple[int, int]


def _block_parser(*, tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark").disable("reference")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser.enable("table") if tables else parser


#: Renderers differ in whether a table or raw HTML begins at a line that could be both.
_PARSERS = (_block_parser(tables=True), _block_parser(tables=False))


@per_page
def code_fences(draft: Draft) -> Draft:
    """Split the text into blocks so that every renderer sees the same fences."""
    text = draft.text
    if "|" in text:
        # Some renderers read a fence line with a column mark as the head of a table.
        text = FENCE_WITH_COLUMNS.sub(lambda match: match.group().replace("|", " "), text)
    return draft._replace(pieces=split(undisputed(text)))


def undisputed(text: str) -> str:
    """``text`` without blocks whose lines differ between renderers.

    Where one renderer sees raw HTML, another may see a table and, after it, fenced code. Code is
    not escaped, so it would become active in the first renderer.
    """
    if "<" in text and TABLE_DELIMITER.search(text):
        text = _without_tags_in_tables(text)
    if not has_fence_line(text):
        return text
    with_tables, plain = (_blocks("fence", text, parser) for parser in _PARSERS)
    return text if with_tables == plain else FENCE_LINE.sub(_escaped, text)


def _without_tags_in_tables(text: str) -> str:
    """``text`` with the tags escaped that could begin raw HTML inside of Markdown's tables."""
    lines = text.split("\n")
    for first, last, _ in _blocks("table_open", text, _PARSERS[0]):
        for number in range(first, last):
            lines[number] = TAG.sub(_without_block, lines[number])
    return "\n".join(lines)


def _without_block(tag: re.Match[str]) -> str:
    is_block = tag["name"].lower() in BLOCK_TAGS
    return f"&lt;{tag.group()[1:]}" if is_block else tag.group()


def _escaped(fence: re.Match[str]) -> str:
    return fence["prefix"] + "".join(f"\\{character}" for character in fence["mark"])


def split(text: str) -> tuple[Piece, ...]:
    """The blocks of ``text``; together they are ``text``."""
    return tuple(_mixed(text) if has_fence_line(text) else _prose(text))


def fences(text: str) -> list[Lines]:
    """Half-open line ranges of the fenced code in ``text``."""
    return [(first, last) for first, last, _ in _blocks("fence", text, _PARSERS[0])]


def _blocks(kind: str, text: str, parser: MarkdownIt) -> list[tuple[int, int, int]]:
    """First line, line after the last, and nesting level of each block of a kind."""
    # Raw HTML hides fences, so the text is parsed as it will be after escaping.
    tokens = parser.parse(neutralise_all(text))
    return [
        (token.map[0], token.map[1], token.level)
        for token in tokens
        if token.type == kind and token.map
    ]


def open_fence(text: str) -> str | None:
    """The first line of the fence that ``text`` does not close; None without one.

    A fence in a list ends with the list.
    """
    tokens = _PARSERS[0].parse(neutralise_all(text))
    last = tokens[-1] if tokens else None
    if last is None or last.type != "fence" or last.level or last.map is None:
        return None
    lines = text.split("\n")
    first, end = last.map
    closing = re.compile(rf" {{0,3}}{re.escape(last.markup)}{re.escape(last.markup[0])}*[ \t]*")
    closed = end - first > 1 and closing.fullmatch(lines[end - 1])
    return None if closed else lines[first]


def _mixed(text: str) -> Iterator[Piece]:
    lines = _lines(text)
    position = 0
    for first, last in fences(text):
        yield from _prose("".join(lines[position:first]))
        yield Piece("fence", "".join(lines[first:last]))
        position = last
    yield from _prose("".join(lines[position:]))


def _lines(text: str) -> list[str]:
    # str.splitlines also splits at characters that do not end a line in Markdown.
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + [parts[-1]]


def _prose(text: str) -> Iterator[Piece]:
    position = 0
    for blank in BLANK_LINES.finditer(text):
        yield Piece("prose", text[position : blank.end()])
        position = blank.end()
    if position < len(text):
        yield Piece("prose", text[position:])
