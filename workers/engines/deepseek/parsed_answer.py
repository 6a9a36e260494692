"""Parses the model's answer to a task into Markdown and blocks."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from shared.domain.records.page_result import BBox, Block, BlockType
from shared.domain.tasks import Task
from workers.engines.deepseek.cleaning import clean, without_figure_links
from workers.engines.deepseek.grounding import (
    Element,
    is_grounded,
    parse_bare_elements,
    parse_elements,
)
from workers.engines.deepseek.labels import FURNITURE, LABELS, block_type, looks_like_label

#: Box of text for which the model gave no box.
WHOLE_PAGE: BBox = (0, 0, 999, 999)
_TABLE = "<table"


@dataclass(frozen=True)
class ParsedAnswer:
    """Figures are links ``![](figure:N)``; N counts the image blocks from 1."""

    markdown: str
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    #: The answer before it was parsed.
    raw: str = ""


@dataclass(frozen=True)
class _Region:
    type: BlockType
    boxes: tuple[BBox, ...]
    text: str


def parse_answer(answer: str, task: Task) -> ParsedAnswer:
    """Parse ``answer``; never raises, even for malformed or forged text."""
    return replace(_READERS.get(task, _read_either)(answer), raw=answer)


def _read_plain(answer: str) -> ParsedAnswer:
    return ParsedAnswer(without_figure_links(clean(answer)))


def _read_either(answer: str) -> ParsedAnswer:
    return _read_document(answer) if is_grounded(answer) else _read_plain(answer)


def _read_document(answer: str) -> ParsedAnswer:
    elements = _elements(answer, LABELS)
    regions = [_document_region(element) for element in elements]
    return ParsedAnswer(_markdown(regions, "\n\n"), *_blocks(_move_tables_out_of_captions(regions)))


def _read_layout(answer: str) -> ParsedAnswer:
    regions = [_document_region(element) for element in _elements(answer, LABELS)]
    located = [replace(region, text="") for region in regions if region.boxes]
    return ParsedAnswer("", *_blocks(located))


def _read_lines(answer: str) -> ParsedAnswer:
    elements = _elements(answer, None)
    regions = [_line_region(element) for element in elements]
    return ParsedAnswer(_markdown(regions, "\n"), *_blocks(regions))


def _read_located(answer: str) -> ParsedAnswer:
    """One line per located box; the plain answer if there are no boxes."""
    regions = [_line_region(element) for element in _elements(answer, None)]
    regions = [replace(region, type="text") for region in regions]
    lines = [line for region in regions for line in _box_lines(region)]
    return ParsedAnswer("\n".join(lines), *_blocks([r for r in regions if r.boxes]))


_READERS: dict[Task, Callable[[str], ParsedAnswer]] = {
    Task.MARKDOWN: _read_document,
    Task.LAYOUT: _read_layout,
    Task.OCR: _read_lines,
    Task.LOCATE: _read_located,
}


def _elements(answer: str, labels: frozenset[str] | None) -> tuple[Element, ...]:
    if is_grounded(answer):
        return parse_elements(answer)
    return parse_bare_elements(answer, labels)


def _document_region(element: Element) -> _Region:
    """The label names a region type; a label that is no known or possible name becomes text."""
    body = without_figure_links(clean(element.body))
    kind = block_type(element.label)
    if kind is not None:
        return _Region(kind, element.boxes, body)
    if body and looks_like_label(element.label):
        return _Region("text", element.boxes, body)
    label = without_figure_links(clean(element.label))
    return _Region("text", element.boxes, "\n".join(part for part in (label, body) if part))


def _line_region(element: Element) -> _Region:
    """The label is the text itself, unless it names a region type and has a body."""
    if element.body and block_type(element.label) is not None:
        return _document_region(element)
    parts = (without_figure_links(clean(part)) for part in (element.label, element.body))
    return _Region("text", element.boxes, "\n".join(part for part in parts if part))


def _box_lines(region: _Region) -> list[str]:
    if not region.boxes:
        return [region.text]
    return [f"- {region.text}: {', '.join(map(str, box))}" for box in region.boxes]


def _markdown(regions: Iterable[_Region], separator: str) -> str:
    parts: list[str] = []
    figures = 0
    for region in regions:
        if region.type == "image":
            numbers = range(figures + 1, figures + 1 + len(region.boxes))
            parts.extend(f"![](figure:{number})" for number in numbers)
            figures += len(region.boxes)
        if region.text and region.type not in FURNITURE:
            parts.append(region.text)
    return separator.join(parts)


def _blocks(regions: Iterable[_Region]) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    blocks: list[Block] = []
    lost = 0
    for region in regions:
        lost += region.type == "image" and not region.boxes
        blocks.extend(_region_blocks(region))
    notes = (f"{lost} figures without a place could not be cut out",) if lost else ()
    return tuple(blocks), notes


def _region_blocks(region: _Region) -> list[Block]:
    """One block per box; only the first holds the text, so that it is not repeated."""
    if region.type == "image":
        pictures = [Block(type="image", bbox=box) for box in region.boxes]
        caption = [_text_block("image_caption", region.boxes, region.text)] if region.text else []
        return [*pictures, *caption]
    if not region.boxes:
        return [_text_block(region.type, (), region.text)] if region.text else []
    first = _text_block(region.type, region.boxes, region.text)
    return [first, *(Block(type=region.type, bbox=box) for box in region.boxes[1:])]


def _text_block(kind: BlockType, boxes: tuple[BBox, ...], text: str) -> Block:
    return Block(type=kind, bbox=boxes[0] if boxes else WHOLE_PAGE, text=text)


def _move_tables_out_of_captions(regions: list[_Region]) -> list[_Region]:
    """Move a table's HTML to its table block where the model wrote it after the caption."""
    result = list(regions)
    for index in range(len(result) - 1):
        table, caption = result[index : index + 2]
        start = caption.text.find(_TABLE)
        pair = (table.type, caption.type) == ("table", "table_caption")
        if pair and not table.text and start >= 0:
            result[index] = replace(table, text=caption.text[start:].strip())
            result[index + 1] = replace(caption, text=caption.text[:start].strip())
    return result
