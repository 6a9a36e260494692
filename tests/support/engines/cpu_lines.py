"""Makes lines, regions and pages for the rules of the CPU engine, and writes them as Markdown."""

from collections.abc import Sequence
from typing import Any

from workers.engines.cpu.assembly import assemble
from workers.engines.cpu.blocks.markdown import page_markdown, write
from workers.engines.cpu.values import Box, Line, PageContent, Region, Table

WIDTH, HEIGHT = 595.0, 842.0
#: Width of a letter and distance of lines, in font sizes.
LETTER, PITCH = 0.5, 1.25


def line(text: str, left: float = 72, top: float = 100, size: float = 10, **more: Any) -> Line:
    """One line of even letters; ``more`` are fields of Line."""
    box = Box(left, top, left + LETTER * size * len(text), top + size)
    return Line(box, text, size, **more)


def column(
    texts: Sequence[str], left: float = 72, top: float = 100, size: float = 10, **more: Any
) -> list[Line]:
    """Lines one under the other."""
    return [
        line(text, left, top + PITCH * size * number, size, **more)
        for number, text in enumerate(texts)
    ]


def region(label: str, lines: Sequence[Line], grow: float = 2) -> Region:
    """What the layout model would say of the place where ``lines`` are."""
    boxes = [line.box for line in lines]
    return Region(
        label,
        Box(
            min(box.left for box in boxes) - grow,
            min(box.top for box in boxes) - grow,
            max(box.right for box in boxes) + grow,
            max(box.bottom for box in boxes) + grow,
        ),
    )


def page(
    *parts: tuple[str, Sequence[Line]],
    tables: Sequence[Table] = (),
    loose: Sequence[Line] = (),
    more: Sequence[Region] = (),
) -> PageContent:
    """A page of regions with their lines, each ``(label, lines)``; ``loose`` are in no region."""
    lines = [line for _, group in parts for line in group]
    regions = tuple(region(label, group) for label, group in parts)
    return PageContent(WIDTH, HEIGHT, (*lines, *loose), (*regions, *more), tuple(tables))


def markdown(content: PageContent) -> str:
    """The Markdown that the engine makes of ``content``."""
    return page_markdown(write(assemble(content)))


def kinds(content: PageContent) -> list[tuple[str, str]]:
    """Kind and text of each block in reading order."""
    return [(part.draft.kind, part.text) for part in write(assemble(content))]
