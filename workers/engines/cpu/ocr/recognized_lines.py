"""Turns recognised text into lines of characters in points of the page."""

from dataclasses import dataclass

from workers.engines.cpu.characters import clean_text, is_mostly_rtl
from workers.engines.cpu.layout.canvas import FONT_SIZE
from workers.engines.cpu.ocr.glyph_shifts import ShiftedGlyph, with_shifts
from workers.engines.cpu.ocr.line_characters import glyphs_of
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.ocr.recognizer import is_vertical
from workers.engines.cpu.recognition import Corners, RecognizedText, line_size
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Character, Line


@dataclass(frozen=True)
class LineBuilder:
    """Builds lines; ``mask`` is the ink of the page, ``scale`` is points per pixel."""

    mask: Mask
    scale: float

    def line(self, corners: Corners, text: RecognizedText) -> Line:
        """A line in points, from corners in pixels."""
        left, top = corners.min(axis=0).tolist()
        right, bottom = corners.max(axis=0).tolist()
        box = Box(left, top, right, bottom)
        vertical = is_vertical(corners)
        size = line_size(corners)[0 if vertical else 1] * self.scale * FONT_SIZE
        characters = () if vertical else self._characters(text, box, size)
        if any(character.text.strip() for character in characters):
            return line_of(characters)
        return Line(self._in_points(box), clean_text(text.text), size, text.score)

    def _characters(self, text: RecognizedText, box: Box, size: float) -> tuple[Character, ...]:
        # Text from right to left is not in the order of its places.
        glyphs = [] if is_mostly_rtl(text.text) else glyphs_of(text, box, self.mask)
        return tuple(self._character(one, box, size, text.score) for one in with_shifts(glyphs))

    def _character(self, one: ShiftedGlyph, line: Box, size: float, score: float) -> Character:
        ink = one.glyph.ink
        box = self._in_points(Box(ink.left, line.top, ink.right, line.bottom))
        baseline = line.bottom * self.scale
        return Character(
            one.glyph.text, box, baseline, size, shift=one.shift, score=score
        )

    def _in_points(self, box: Box) -> Box:
        return Box(*(edge * self.scale for edge in box))
