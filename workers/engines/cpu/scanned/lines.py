"""Turns recognised text into lines of characters in points of the page."""

from dataclasses import dataclass

from workers.engines.cpu.characters import clean_text, is_mostly_rtl
from workers.engines.cpu.layout.canvas import FONT_SIZE
from workers.engines.cpu.layout.grids.rules import Rules, long_rules, without_rules
from workers.engines.cpu.ocr.glyphs.glyph_shifts import ShiftedGlyph, with_shifts
from workers.engines.cpu.ocr.glyphs.line_characters import glyphs_of
from workers.engines.cpu.ocr.glyphs.minus_signs import with_minus_signs
from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.ocr.recognizer import is_vertical
from workers.engines.cpu.recognition import Corners, RecognizedText, line_size
from workers.engines.cpu.text_layer.direction import in_logical_order
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Character, Line

#: A rule that strikes words out lies between these parts of the height of the line.
_STRIKE_ZONE = (0.35, 0.72)
#: It is longer than this many line heights, as no stroke of a letter is.
_STRIKE_LENGTH = 1.2
#: The characters of a line that rises or falls by more than this part of its height are not
#: measured.
_LARGEST_SLOPE = 0.5


@dataclass(frozen=True)
class LineBuilder:
    """Builds lines from the ``ink`` of a page without its ``rules``; both in pixels.

    ``scale`` is points per pixel.
    """

    ink: Mask
    rules: Rules
    scale: float

    @staticmethod
    def of(page: PageInk, scale: float) -> "LineBuilder":
        """The builder of the lines of ``page``."""
        rules = long_rules(page.mask)
        return LineBuilder(without_rules(page.mask, rules), rules, scale)

    def line(self, corners: Corners, text: RecognizedText) -> Line:
        """A line in points, from corners in pixels."""
        left, top = corners.min(axis=0).tolist()
        right, bottom = corners.max(axis=0).tolist()
        box = Box(left, top, right, bottom)
        vertical = is_vertical(corners)
        size = line_size(corners)[0 if vertical else 1] * self.scale * FONT_SIZE
        sloping = abs(corners[1][1] - corners[0][1]) > _LARGEST_SLOPE * (bottom - top)
        measure = self._words if text.words else self._characters
        characters = () if vertical or sloping else measure(text, box, size)
        if any(character.text.strip() for character in characters):
            return line_of(characters)
        return Line(self._in_points(box), clean_text(text.text), size, text.score)

    def _characters(self, text: RecognizedText, box: Box, size: float) -> tuple[Character, ...]:
        # Text from right to left is not in the order of its places.
        glyphs = [] if is_mostly_rtl(text.text) else glyphs_of(text, box, self.ink)
        shifted = with_shifts(with_minus_signs(glyphs))
        return tuple(self._character(one, box, size, text.score) for one in shifted)

    def _words(self, text: RecognizedText, line: Box, size: float) -> tuple[Character, ...]:
        """The words of a line in reading order, each as one character."""
        characters: list[Character] = []
        for word in sorted(text.words, key=lambda word: word.left):
            left, right = (line.left + edge * line.width for edge in (word.left, word.right))
            box = line._replace(left=left, right=max(left, right))
            if characters:
                gap = Box(characters[-1].box.right, line.top, left, line.bottom)
                characters.append(self._placed(" ", gap, line, size))
            struck = self._is_struck(box, line)
            placed = self._placed(word.text, box, line, size)
            characters.append(placed._replace(struck=struck, score=word.score))
        return tuple(in_logical_order(characters))

    def _placed(self, text: str, box: Box, line: Box, size: float) -> Character:
        return Character(text, self._in_points(box), line.bottom * self.scale, size)

    def _is_struck(self, glyph: Box, line: Box) -> bool:
        """Whether a rule runs through the middle of ``glyph``."""
        top = line.top + _STRIKE_ZONE[0] * line.height
        bottom = line.top + _STRIKE_ZONE[1] * line.height
        return any(
            rule.left <= glyph.center_x <= rule.right and top < rule.center_y < bottom
            for rule in self.rules.horizontal
            if rule.width > _STRIKE_LENGTH * line.height
        )

    def _character(self, one: ShiftedGlyph, line: Box, size: float, score: float) -> Character:
        ink = one.glyph.ink
        box = self._in_points(Box(ink.left, line.top, ink.right, line.bottom))
        baseline = line.bottom * self.scale
        struck = self._is_struck(ink, line)
        shift = 0 if struck else one.shift
        return Character(
            one.glyph.text, box, baseline, size, shift=shift, struck=struck, score=score
        )

    def _in_points(self, box: Box) -> Box:
        return Box(*(edge * self.scale for edge in box))
