"""The text of a page in parts, each with the boxes that show it and its other places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.document.assembly import drafts
from shared.document.rules.figure_links import figure_links
from shared.document.structure.merging import StructuredPages
from shared.document.structure.order import ORDER
from shared.document.structure.text.marks import without_any_marks
from shared.document.structure.units import Unit
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import BBox, PageResult
from shared.domain.tasks import Task


@dataclass(frozen=True)
class Elsewhere:
    """Another place of a joined block: its page, and the id of its part there."""

    page: int
    part: str


@dataclass(frozen=True)
class TextPart:
    """One block of the document as Markdown; "" where its text stands on an earlier page."""

    id: str
    markdown: str
    #: Numbers of its boxes on this page, from 1.
    boxes: tuple[int, ...] = ()
    before: Elsewhere | None = None
    after: tuple[Elsewhere, ...] = ()


def page_parts(
    results: Sequence[PageResult], render: RenderOptions, *, complete: bool
) -> dict[int, tuple[TextPart, ...]]:
    """The parts of each page in their order.

    Only where ``complete`` (no page is missing) may blocks of neighbouring pages be joined.
    """
    of_text = complete and all(result.task is Task.MARKDOWN for result in results)
    units = StructuredPages(results, render, ORDER if of_text else ()).units()
    boxes = {result.page: _box_numbers(result) for result in results}
    pages = {result.page: result for result in results}
    parts: dict[int, list[TextPart]] = defaultdict(list)
    for unit in units:
        if unit.kind != "furniture":
            _add(parts, unit, boxes, pages[unit.page])
    return {page: tuple(found) for page, found in parts.items()}


def _add(
    parts: dict[int, list[TextPart]],
    unit: Unit,
    boxes: dict[int, dict[BBox, int]],
    result: PageResult,
) -> None:
    """Add the part of ``unit`` to its page, and a part without text to its later pages."""
    own = TextPart(_id(parts, unit.page), _markdown(unit, result), _boxes(unit, unit.page, boxes))
    others = sorted({place.page for place in unit.places} - {unit.page})
    rest = [
        TextPart(_id(parts, page), "", _boxes(unit, page, boxes), Elsewhere(unit.page, own.id))
        for page in others
    ]
    after = tuple(Elsewhere(page, part.id) for page, part in zip(others, rest, strict=True))
    parts[unit.page].append(replace(own, after=after))
    for page, part in zip(others, rest, strict=True):
        parts[page].append(part)


def _id(parts: dict[int, list[TextPart]], page: int) -> str:
    return f"page-{page}-{len(parts[page]) + 1}"


def _boxes(unit: Unit, page: int, boxes: dict[int, dict[BBox, int]]) -> tuple[int, ...]:
    known = boxes.get(page, {})
    found = (known.get(place.box) for place in unit.places if place.page == page and place.box)
    return tuple(sorted({number for number in found if number is not None}))


def _box_numbers(result: PageResult) -> dict[BBox, int]:
    """The number of the first block with each box."""
    numbers: dict[BBox, int] = {}
    for number, block in enumerate(result.blocks, 1):
        numbers.setdefault(block.bbox, number)
    return numbers


def _markdown(unit: Unit, result: PageResult) -> str:
    text = without_any_marks(f"{unit.marker} {unit.text}".lstrip())
    return _with_figures(result, (text,))[0]


def _with_figures(result: PageResult, texts: Iterable[str]) -> list[str]:
    """``texts`` of a page with the addresses of its figures."""
    copies = (result.model_copy(update={"markdown": text}) for text in texts)
    return [draft.text for draft in drafts(copies, RenderOptions(), rules=(figure_links,))]
