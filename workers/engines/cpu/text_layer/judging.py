"""Judges every character of a text layer once; all later steps work on the judged characters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pymupdf

from workers.engines.cpu.text_layer.accents import is_combining, with_accents
from workers.engines.cpu.text_layer.links import Link, page_links, with_links
from workers.engines.cpu.text_layer.raw_lines import RawLine, RawSpan, raw_lines
from workers.engines.cpu.text_layer.shifts import with_shifts
from workers.engines.cpu.text_layer.visible.ink import Ink, PageImage, ink_of
from workers.engines.cpu.text_layer.visible.paint_order import PaintOrder
from workers.engines.cpu.values import Box, Character, bounding_box

#: Says whether the picture shows ``text`` in ``box`` (points).
ShowsText = Callable[[Box, str], bool]
#: Runs of doubtful characters that are compared with the picture; the rest counts as visible.
_MOST_DOUBTS = 40
#: A line is slanted if its direction has more than this of both axes, 0 to 1.
_SLANT = 0.05
#: A text of darker colour than this (0 to 255) is read through a watermark.
_DARK = 110
#: Lines that are at most this far apart, in font sizes, stand on one baseline.
_SAME_BASELINE = 0.1


@dataclass(frozen=True)
class JudgedLine:
    """The characters of one line that a viewer sees, in the order of the PDF; at least one."""

    direction: tuple[float, float]
    vertical: bool
    characters: tuple[Character, ...]

    @property
    def is_upright(self) -> bool:
        """Whether it runs from left to right or from right to left."""
        return abs(self.direction[1]) < _SLANT and self.direction[0] > 0 and not self.vertical

    @property
    def is_slanted(self) -> bool:
        """Whether it runs neither along nor across the page."""
        return min(map(abs, self.direction)) > _SLANT

    @property
    def box(self) -> Box:
        """The box around its characters, in points."""
        return bounding_box(character.box for character in self.characters)


class _Judged(NamedTuple):
    character: Character
    ink: Ink


def judged_lines(page: pymupdf.Page, image: PageImage, shows_text: ShowsText) -> list[JudgedLine]:
    """The visible characters of ``page`` line by line; raises EngineFailed for too much text.

    ``image`` is the rendered page. A character is visible if it is painted in a colour that
    differs from its ground, and nothing opaque was painted over it.
    """
    raw = raw_lines(page)
    order = PaintOrder(page)
    watermarks = _watermark_boxes(raw)
    judged = [
        [own for span in line.spans for own in _judged(span, image, order, watermarks)]
        for line in raw
    ]
    settled = [_with_accents_like_letters(own) for own in _Doubts(shows_text).settled(judged)]
    lines = [_visible(line, characters) for line, characters in zip(raw, settled, strict=True)]
    complete = all(
        len(line.characters) == _length(own) for line, own in zip(lines, raw, strict=True)
    )
    lines = [line for line in lines if any(c.text.strip() for c in line.characters)]
    return _finished(lines if complete else _rejoined(lines), page_links(page))


def all_lines(page: pymupdf.Page) -> list[JudgedLine]:
    """All characters of ``page``, hidden ones included; raises EngineFailed for too much text."""
    lines = [
        JudgedLine(
            line.direction, line.vertical, tuple(c for span in line.spans for c in span.characters)
        )
        for line in raw_lines(page)
    ]
    inked = [line for line in lines if any(c.text.strip() for c in line.characters)]
    return _finished(inked, page_links(page))


def _finished(lines: Sequence[JudgedLine], links: Sequence[Link]) -> list[JudgedLine]:
    finished = []
    for line in lines:
        characters = with_links(line.characters, links) if links else line.characters
        if line.is_upright:
            characters = with_shifts(with_accents(characters))
        finished.append(replace(line, characters=tuple(characters)))
    return finished


def _length(line: RawLine) -> int:
    return sum(len(span.characters) for span in line.spans)


def _watermark_boxes(lines: Sequence[RawLine]) -> list[Box]:
    """The boxes of slanted text: letters under it are still read."""
    return [
        bounding_box(character.box for span in line.spans for character in span.characters)
        for line in lines
        if min(map(abs, line.direction)) > _SLANT and any(span.characters for span in line.spans)
    ]


def _judged(
    span: RawSpan, image: PageImage, order: PaintOrder, watermarks: Sequence[Box]
) -> list[_Judged]:
    if not span.characters:
        return []
    if not span.painted:
        return [_Judged(character, Ink.HIDDEN) for character in span.characters]
    judged = [
        _Judged(character, Ink.HIDDEN if _is_covered(character, order) else ink)
        for character, ink in zip(
            span.characters, ink_of(span.characters, span.color, image), strict=True
        )
    ]
    if watermarks and max(span.color) < _DARK:
        judged = [_read_through(own, watermarks) for own in judged]
    return _with_marks_like_letters(judged)


def _read_through(own: _Judged, watermarks: Sequence[Box]) -> _Judged:
    box = own.character.box
    under = any(box.overlap_area(watermark) > 0 for watermark in watermarks)
    return own._replace(ink=Ink.VISIBLE) if under else own


def _is_covered(character: Character, order: PaintOrder) -> bool:
    return order.covers_text and order.is_covered(character)


def _with_marks_like_letters(judged: Sequence[_Judged]) -> list[_Judged]:
    """``judged`` with spaces and punctuation marks judged like the nearest letter of the span."""
    letters = [index for index, own in enumerate(judged) if own.character.text.isalnum()]
    if not letters:
        return [_with_contrast_counting(own) for own in judged]
    result = []
    nearest = 0
    for index, own in enumerate(judged):
        while nearest + 1 < len(letters) and (
            abs(letters[nearest + 1] - index) < abs(letters[nearest] - index)
        ):
            nearest += 1
        is_letter = own.character.text.isalnum()
        result.append(own if is_letter else own._replace(ink=judged[letters[nearest]].ink))
    return result


def _with_accents_like_letters(line: list[_Judged]) -> list[_Judged]:
    """``line`` with combining accents, whose boxes are empty, judged like their neighbours."""
    return [
        own._replace(ink=_ink_beside(line, index)) if is_combining(own.character.text) else own
        for index, own in enumerate(line)
    ]


def _ink_beside(line: Sequence[_Judged], index: int) -> Ink:
    beside = [own for own in line[max(0, index - 1) : index + 2] if own is not line[index]]
    visible = any(own.ink is Ink.VISIBLE and own.character.text.strip() for own in beside)
    return Ink.VISIBLE if visible else Ink.HIDDEN


def _with_contrast_counting(own: _Judged) -> _Judged:
    """A mark without letters beside it: any contrast in its box shows it."""
    blank = not own.character.text.strip()
    return own._replace(ink=Ink.VISIBLE) if blank or own.ink is Ink.DOUBTFUL else own


class _Doubts:
    """Settles doubtful characters by reading them on the picture."""

    def __init__(self, shows_text: ShowsText) -> None:
        self._shows_text = shows_text
        self._left = _MOST_DOUBTS

    def settled(self, lines: Sequence[list[_Judged]]) -> list[list[_Judged]]:
        return [self._settled(line) for line in lines]

    def _settled(self, line: list[_Judged]) -> list[_Judged]:
        doubtful = [own.character for own in line if own.ink is Ink.DOUBTFUL]
        if not any(character.text.strip() for character in doubtful):
            return line
        verdict = Ink.VISIBLE if self._shows(doubtful) else Ink.HIDDEN
        return [own._replace(ink=verdict) if own.ink is Ink.DOUBTFUL else own for own in line]

    def _shows(self, characters: Sequence[Character]) -> bool:
        if not self._left:
            return True
        self._left -= 1
        box = bounding_box(character.box for character in characters)
        return self._shows_text(box, "".join(character.text for character in characters))


def _visible(line: RawLine, judged: Sequence[_Judged]) -> JudgedLine:
    characters = tuple(own.character for own in judged if own.ink is Ink.VISIBLE)
    return JudgedLine(line.direction, line.vertical, characters)


def _rejoined(lines: Sequence[JudgedLine]) -> list[JudgedLine]:
    """``lines``, those on one baseline joined where their characters stand among each other.

    MuPDF may have put a visible letter into the line of hidden letters over or under it.
    """
    result: list[JudgedLine] = []
    for line in lines:
        index = next((i for i, other in enumerate(result) if _stand_among(line, other)), None)
        if index is None:
            result.append(line)
        else:
            result[index] = _joined(result[index], line)
    return result


def _stand_among(one: JudgedLine, other: JudgedLine) -> bool:
    first, second = one.characters[0], other.characters[0]
    same_line = (
        one.is_upright
        and other.is_upright
        and abs(first.baseline - second.baseline) < _SAME_BASELINE * first.size
    )
    return same_line and one.box.overlap_width(other.box) > 0


def _joined(one: JudgedLine, other: JudgedLine) -> JudgedLine:
    """Both lines by the position of their characters; gaps are found again later."""
    both = [c for c in (*one.characters, *other.characters) if not c.is_gap]
    ordered = sorted(both, key=lambda character: character.box.left)
    return replace(one, characters=tuple(_without_doubles(ordered)))


def _without_doubles(characters: Sequence[Character]) -> Iterator[Character]:
    """``characters`` without a letter that was painted twice at one place."""
    before: Character | None = None
    for character in characters:
        same = before is not None and before.text == character.text
        if not (same and before and character.box.fraction_inside(before.box) > 0.5):
            yield character
        before = character
