"""Compares a text layer with the rendered page and corrects lines with wrong text."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from statistics import median

import numpy as np

from workers.engines.cpu.recognition import Corners, LineRecognizer, Pixels, RecognizedText
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.text_repair import lines_to_repair, repair_text
from workers.engines.cpu.values import Box, Line

#: If more than this part of the characters is wrong, the whole layer is rejected.
_MOST_WRONG = 0.3
#: If more than this part of a line's characters is unmapped, the whole line is wrong.
_MOST_UNMAPPED = 0.2
#: Number of lines of each font that are recognised for comparison.
_SAMPLE_LINES = 3
#: Least median likeness (0 to 1) of the layer's text and the recognised text of a font.
_LEAST_LIKENESS = 0.6
#: A compared line has at least this many letters and digits; a shorter one proves nothing.
_SHORTEST_SAMPLE = 8
#: Lines of about this many characters are compared first: enough text, quickly recognised.
_BEST_SAMPLE = 40
#: At least this part of a compared line's characters is in the recogniser's alphabet.
_LEAST_IN_ALPHABET = 0.9
#: Fonts with fewer characters than this on a page are not checked.
_RARE_FONT = 16
#: A line whose pixel values (0 to 255) differ by less than this is invisible.
_LEAST_CONTRAST = 24


def visible_lines(lines: Iterable[LayerLine], image: Pixels, scale: float) -> list[LayerLine]:
    """The ``lines`` that are visible on ``image``; ``scale`` is pixels per point."""
    return [line for line in lines if line.painted and _has_contrast(line.line.box, image, scale)]


def corrected_lines(
    layer: Sequence[LayerLine], image: Pixels, scale: float, recognizer: LineRecognizer
) -> list[Line]:
    """The lines of ``layer`` in points, wrong text replaced by what ``image`` shows.

    ``image`` is the rendered page and ``scale`` its pixels per point. Returns an empty list if
    too much of the layer is wrong.
    """
    wrong_fonts = _wrong_fonts(layer, image, scale, recognizer)
    wrong = [line for line in layer if line.font in wrong_fonts or _is_garbled(line)]
    if _characters(wrong) > _MOST_WRONG * _characters(layer):
        return []
    wrong_ids = {id(line) for line in wrong}
    damaged = [line for line in lines_to_repair(layer) if id(line) not in wrong_ids]
    to_recognize = wrong + damaged
    corners = [_corners(line.line.box, image, scale) for line in to_recognize]
    texts = recognizer.read_lines(image, corners)
    recognized = {id(line): text for line, text in zip(to_recognize, texts, strict=True)}
    corrected = [
        _corrected(line, recognized.get(id(line)), id(line) in wrong_ids) for line in layer
    ]
    return [line for line in corrected if line.text]


def _corrected(layer: LayerLine, recognized: RecognizedText | None, is_wrong: bool) -> Line:
    """The line with its text as it is, replaced, or repaired in single characters."""
    if recognized is None:
        return layer.line
    if is_wrong:
        return replace(layer.line, text=recognized.text.strip(), score=recognized.score)
    return replace(layer.line, text=repair_text(layer.line.text, recognized.text))


def _characters(layer: Iterable[LayerLine]) -> int:
    return sum(len(line.line.text.replace(" ", "")) for line in layer)


def _is_garbled(layer: LayerLine) -> bool:
    return layer.unmapped > _MOST_UNMAPPED * len(layer.line.text)


def _wrong_fonts(
    layer: Sequence[LayerLine], image: Pixels, scale: float, recognizer: LineRecognizer
) -> set[str]:
    """Names of the fonts whose text is not what ``image`` shows."""
    by_font: dict[str, list[LayerLine]] = defaultdict(list)
    for line in layer:
        by_font[line.font].append(line)
    return {
        font
        for font, lines in by_font.items()
        if _characters(lines) >= _RARE_FONT and _is_wrong_font(lines, image, scale, recognizer)
    }


def _is_wrong_font(
    layer: Sequence[LayerLine], image: Pixels, scale: float, recognizer: LineRecognizer
) -> bool:
    comparable = [line.line for line in layer if _is_comparable(line.line, recognizer)]
    sample = _sample(comparable)
    if not sample:
        return False  # The recogniser does not know the script, so the layer is accepted.
    texts = recognizer.read_lines(image, [_corners(line.box, image, scale) for line in sample])
    pairs = zip(sample, texts, strict=True)
    return median([_likeness(line.text, text.text) for line, text in pairs]) < _LEAST_LIKENESS


def _sample(lines: Sequence[Line]) -> list[Line]:
    """A few of the ``lines`` of the best length, spread over the page."""
    best = sorted(lines, key=lambda line: abs(len(line.text) - _BEST_SAMPLE))[: 3 * _SAMPLE_LINES]
    return sorted(best, key=lambda line: line.box.top)[:: max(1, len(best) // _SAMPLE_LINES)]


def _is_comparable(line: Line, recognizer: LineRecognizer) -> bool:
    characters = [character for character in line.text if not character.isspace()]
    in_alphabet = sum(character in recognizer.alphabet for character in characters)
    return (
        line.box.width > line.box.height
        and len(_letters_and_digits(line.text)) >= _SHORTEST_SAMPLE
        and in_alphabet >= _LEAST_IN_ALPHABET * len(characters)
    )


def _likeness(one: str, other: str) -> float:
    """How much of two texts is equal, without punctuation and case, 0 to 1."""
    one, other = _letters_and_digits(one), _letters_and_digits(other)
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _letters_and_digits(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def _has_contrast(box: Box, image: Pixels, scale: float) -> bool:
    left, top, right, bottom = (int(edge * scale) for edge in box)
    pixels = image[max(0, top) : bottom + 1, max(0, left) : right + 1]
    return pixels.size > 0 and int(pixels.max()) - int(pixels.min()) >= _LEAST_CONTRAST


def _corners(box: Box, image: Pixels, scale: float) -> Corners:
    """Corners in pixels of ``box`` in points, cut off at the edges of ``image``."""
    height, width = image.shape[:2]
    left, right = (min(width - 1, max(0.0, x * scale)) for x in (box.left, box.right))
    top, bottom = (min(height - 1, max(0.0, y * scale)) for y in (box.top, box.bottom))
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
