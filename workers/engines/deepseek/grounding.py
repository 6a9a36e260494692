"""The grounding tags of an answer as elements: a label, boxes and the text that follows.

Answers are untrusted: tags may be truncated, nested, repeated or forged. No function here raises,
every step is linear in the length of the answer, and all text outside tags is kept in an element.
"""

import re
from dataclasses import dataclass, field

from shared.domain.records.page_result import BBox

LARGEST = 999
_TAG = re.compile(r"<\|(/?(?:ref|det))\|>")
_BOX = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BOX_CHARACTERS = re.compile(r"[\[\]\d\s,.+-]*")
_TYPED_BOX = re.compile(r"\s*([A-Za-z_]{1,32})\s*(?=\[)")
#: A marker whose tags were removed together with other special tokens: ``text[[1, 2, 3, 4]]``.
_BARE = re.compile(r"^([^\n\[\]]{1,4000})(\[[^\n]*\])[ \t]*$", re.MULTILINE)
_DIGITS = 9


@dataclass(frozen=True)
class Element:
    """One marker and the text up to the next one; ``label`` is "" for text before any marker."""

    label: str
    boxes: tuple[BBox, ...]
    body: str


@dataclass
class _Open:
    label: str
    boxes: list[BBox] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    has_body: bool = False

    def add(self, text: str) -> None:
        self.body.append(text)
        self.has_body = self.has_body or (not text.isspace() and text != "")

    def closed(self) -> Element:
        return Element(self.label.strip(), tuple(self.boxes), "".join(self.body).strip())


def is_grounded(answer: str) -> bool:
    """Whether ``answer`` contains a grounding tag."""
    return _TAG.search(answer) is not None


def parse_elements(answer: str) -> tuple[Element, ...]:
    """The elements of ``answer`` in order, without empty ones."""
    first, *rest = _TAG.split(answer)
    elements = [_opened(first)]
    tags, chunks = rest[::2], rest[1::2]
    for index, (tag, chunk) in enumerate(zip(tags, chunks, strict=True), 1):
        _take(elements, tag, chunk, tags[index] if index < len(tags) else "")
    return _closed(elements)


def _opened(text: str) -> _Open:
    element = _Open("")
    element.add(text)
    return element


def parse_bare_elements(answer: str, labels: frozenset[str] | None) -> tuple[Element, ...]:
    """The elements of an answer without tags; only ``labels`` (None: any) start an element."""
    elements, end = [_Open("")], 0
    for match in _BARE.finditer(answer):
        boxes = parse_boxes(match[2])
        if boxes and (labels is None or match[1].strip() in labels):
            elements[-1].add(answer[end : match.start()])
            elements.append(_Open(match[1], list(boxes)))
            end = match.end()
    elements[-1].add(answer[end:])
    return _closed(elements)


def _closed(elements: list[_Open]) -> tuple[Element, ...]:
    closed = (element.closed() for element in elements)
    return tuple(element for element in closed if element != Element("", (), ""))


def _take(elements: list[_Open], tag: str, chunk: str, following: str) -> None:
    if tag == "ref":
        _take_reference(elements, chunk, following)
    elif tag == "det":
        _take_boxes(elements, chunk)
    else:
        elements[-1].add(chunk)


def _take_reference(elements: list[_Open], chunk: str, following: str) -> None:
    """A label counts only if its tag is closed; otherwise its text is kept as text."""
    if following in ("/ref", "det"):
        elements.append(_Open(chunk))
    else:
        elements.append(_opened(chunk))


def _take_boxes(elements: list[_Open], chunk: str) -> None:
    """Boxes belong to the label directly before them, or to a label inside the box tag."""
    typed = _TYPED_BOX.match(chunk)
    label, chunk = (typed[1], chunk[typed.end() :]) if typed else ("", chunk)
    if label or elements[-1].has_body:
        elements.append(_Open(label))
    boxes, rest = _split_boxes(chunk)
    elements[-1].boxes.extend(boxes)
    elements[-1].add(rest)


def _split_boxes(chunk: str) -> tuple[tuple[BBox, ...], str]:
    prefix = _BOX_CHARACTERS.match(chunk)
    assert prefix is not None  # the pattern matches the empty string
    end = prefix.group().rfind("]") + 1
    rest = chunk[end:]
    cut_short = prefix.end() == len(chunk) and "[" in rest
    return parse_boxes(chunk[:end]), "" if cut_short else rest


def parse_boxes(text: str) -> tuple[BBox, ...]:
    """Every bracketed group of exactly four numbers, clamped to 0..999 and made non-empty."""
    groups = (_NUMBER.findall(match[1]) for match in _BOX.finditer(text))
    return tuple(_box(group) for group in groups if len(group) == 4)


def _box(numbers: list[str]) -> BBox:
    first_x, first_y, second_x, second_y = (_coordinate(number) for number in numbers)
    left, right = _interval(first_x, second_x)
    top, bottom = _interval(first_y, second_y)
    return left, top, right, bottom


def _interval(first: int, second: int) -> tuple[int, int]:
    low, high = sorted((first, second))
    if low == high:
        high = min(high + 1, LARGEST)
        low = high - 1
    return low, high


def _coordinate(number: str) -> int:
    whole = number.partition(".")[0]
    if whole.startswith("-"):
        return 0
    return min(int(whole), LARGEST) if len(whole) <= _DIGITS else LARGEST
