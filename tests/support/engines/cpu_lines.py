"""Makes lines, regions and pages for tests of the CPU engine and writes them as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.engines.cpu.assembly import drafts_of
from workers.engines.cpu.blocks.markdown import page_markdown, write_blocks
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import (
    Box,
    Character,
    GridCell,
    Line,
    PageContent,
    Region,
    Table,
    bounding_box,
)

#: A4 in points.
WIDTH, HEIGHT = 595.0, 842.0
#: Width of a letter and distance of two lines, in font sizes.
LETTER_WIDTH, LINE_DISTANCE = 0.5, 1.25


def line(text: str, left: float = 72, top: float = 100, size: float = 10, **fields: Any) -> Line:
    """One line of letters of equal width, in points; ``fields`` are more fields of Line."""
    box = Box(left, top, left + LETTER_WIDTH * size * len(text), top + size)
    return Line(box, text, size, **fields)


def letters(
    text: str, left: float = 72, top: float = 100, size: float = 10, raised: str = ""
) -> Line:
    """A line of judged characters of a text layer, followed by smaller ``raised`` ones."""
    characters = [*_letters(text, left, top, size, 0)]
    end = left + LETTER_WIDTH * size * len(text)
    characters += _letters(raised, end, top, 0.6 * size, 1)
    return line_of(characters)


def styled(
    *runs: tuple[str, dict[str, Any]], left: float = 72, top: float = 100, size: float = 10
) -> list[Character]:
    """Judged characters of a line, run by run with the fields of ``Character`` of each run."""
    characters: list[Character] = []
    for text, fields in runs:
        start = left + LETTER_WIDTH * size * len(characters)
        characters += [own._replace(**fields) for own in _letters(text, start, top, size, 0)]
    return characters


def _letters(text: str, left: float, top: float, size: float, shift: int) -> Iterator[Character]:
    for number, letter in enumerate(text):
        start = left + LETTER_WIDTH * size * number
        box = Box(start, top, start + LETTER_WIDTH * size, top + size)
        yield Character(letter, box, top + 0.8 * size, size, "F", shift=shift)


def column(
    texts: Sequence[str], left: float = 72, top: float = 100, size: float = 10, **fields: Any
) -> list[Line]:
    """Lines below each other, in points."""
    return [
        line(text, left, top + LINE_DISTANCE * size * number, size, **fields)
        for number, text in enumerate(texts)
    ]


def region(label: str, lines: Sequence[Line], grow: float = 2) -> Region:
    """The region of the layout model around ``lines``, larger by ``grow`` points on each side."""
    box = bounding_box(line.box for line in lines)
    larger = (box.left - grow, box.top - grow, box.right + grow, box.bottom + grow)
    return Region(label, Box(*larger))


def grid(box: Box, rows: Sequence[Sequence[str]], header: int = 1) -> Table:
    """A table of the model: cells of equal size with their texts, the first rows as headers."""
    height = box.height / len(rows)
    return Table(
        box,
        tuple(
            tuple(
                _grid_cell(box, text, "th" if y < header else "td", x, y, len(row), height)
                for x, text in enumerate(row)
            )
            for y, row in enumerate(rows)
        ),
    )


def _grid_cell(
    box: Box, text: str, tag: str, x: int, y: int, columns: int, height: float
) -> GridCell:
    width = box.width / columns
    left, top = box.left + x * width, box.top + y * height
    return GridCell(Box(left, top, left + width, top + height), tag, text)


def page(
    *parts: tuple[str, Sequence[Line]],
    tables: Sequence[Table] = (),
    loose: Sequence[Line] = (),
    more: Sequence[Region] = (),
    recurring: Mapping[str, int] | None = None,
) -> PageContent:
    """A page of ``parts`` (label of a region, its lines).

    ``loose`` are lines in no region; ``more`` are regions without lines of their own.
    """
    lines = [line for _, group in parts for line in group]
    regions = tuple(region(label, group) for label, group in parts)
    return PageContent(WIDTH, HEIGHT, (*lines, *loose), (*regions, *more), tuple(tables), recurring)


def markdown(content: PageContent) -> str:
    """The Markdown that the engine writes for ``content``."""
    return page_markdown(write_blocks(drafts_of(content)))


def kinds(content: PageContent) -> list[tuple[str, str]]:
    """The kind and text of each block in reading order."""
    return [(block.draft.kind, block.text) for block in write_blocks(drafts_of(content))]
