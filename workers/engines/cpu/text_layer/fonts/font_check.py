"""Finds fonts whose characters are not what the page shows, by reading samples of them."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby
from statistics import median
from typing import NamedTuple

import numpy as np

from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.recognition import Corners, LineRecognizer, RecognizedText
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.visible.ink import PageImage
from workers.engines.cpu.values import Box, Character, bounding_box

#: Number of runs of each font that are recognised for comparison.
_SAMPLE_RUNS = 3
#: Least median likeness (0 to 1) of the layer's text and the recognised text of a font.
_LEAST_LIKENESS = 0.6
#: A compared run has at least this many letters and digits; a shorter one proves little.
_SHORTEST_SAMPLE = 8
#: Runs of about this many characters are compared first: enough text, quickly recognised.
_BEST_SAMPLE = 40
#: One piece of a run is read first, with this many characters at least. A font is right without
#: further reading where the piece has this likeness: no wrong font gives that many letters right.
_SHORTEST_PIECE, _CLEARLY_RIGHT = 18, 0.9
#: At least this part of a compared run's characters is in the recogniser's alphabet.
_LEAST_IN_ALPHABET = 0.9
#: A font with fewer characters on the page is rare: shorter runs count, and it is wrong only if
#: the recogniser is sure. No more rare fonts of a page are checked than the last value.
_RARE_FONT, _SHORTEST_RARE_SAMPLE, _SURE, _MOST_RARE_FONTS = 16, 4, 0.9, 8


class Run(NamedTuple):
    """Neighbouring characters of one font in a line, and the line's place in the layer."""

    line: int
    font: str
    characters: tuple[Character, ...]

    @property
    def text(self) -> str:
        """The text of the run."""
        return "".join(character.text for character in self.characters).strip()

    @property
    def box(self) -> Box:
        """The box of the run in points."""
        inked = [character.box for character in self.characters if character.text.strip()]
        return bounding_box(inked)


def font_runs(layer: Sequence[LayerLine]) -> list[Run]:
    """The runs of all lines that hold more than spaces."""
    runs = []
    for index, line in enumerate(layer):
        for font, characters in groupby(line.line.characters, key=lambda character: character.font):
            run = Run(index, font, tuple(characters))
            if run.text:
                runs.append(run)
    return runs


def wrong_fonts(runs: Sequence[Run], image: PageImage, recognizer: LineRecognizer) -> set[str]:
    """Names of the fonts whose text is not what ``image`` shows."""
    by_font: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_font[run.font].append(run)
    check = _FontCheck(image, recognizer)
    return {font for font, own in by_font.items() if check.is_wrong(own)}


def likeness(one: str, other: str) -> float:
    """How much of two texts is equal, without punctuation and case, 0 to 1."""
    one, other = letters_and_digits(one), letters_and_digits(other)
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def letters_and_digits(text: str) -> str:
    """``text`` without all else, in small letters and simple forms."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def is_in_alphabet(text: str, recognizer: LineRecognizer) -> bool:
    """Whether the recogniser can read nearly all of ``text``."""
    characters = [character for character in text if not character.isspace()]
    known = sum(character in recognizer.alphabet for character in characters)
    return known >= _LEAST_IN_ALPHABET * len(characters)


def corners_of(box: Box, image: PageImage) -> Corners:
    """Corners in pixels of ``box`` in points, cut off at the edges of ``image``."""
    height, width = image.pixels.shape[:2]
    scale = image.scale
    left, right = (min(width - 1, max(0.0, x * scale)) for x in (box.left, box.right))
    top, bottom = (min(height - 1, max(0.0, y * scale)) for y in (box.top, box.bottom))
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


class _FontCheck:
    """Compares the fonts of one page."""

    def __init__(self, image: PageImage, recognizer: LineRecognizer) -> None:
        self._image = image
        self._recognizer = recognizer
        self._rare_left = _MOST_RARE_FONTS

    def is_wrong(self, runs: Sequence[Run]) -> bool:
        """Whether the text of a font in ``runs`` is not what the page shows."""
        if sum(len(run.text.replace(" ", "")) for run in runs) < _RARE_FONT:
            return self._is_wrong_rare_font(runs)
        sample = _sample([run for run in runs if self._is_comparable(run, _SHORTEST_SAMPLE)])
        if not sample:
            return False  # The recogniser does not know the script, so the layer is accepted.
        if self._is_clearly_right(_piece(sample[0])):
            return False
        pairs = zip(sample, self._read(sample), strict=True)
        return median([likeness(run.text, text.text) for run, text in pairs]) < _LEAST_LIKENESS

    def _is_clearly_right(self, piece: Run) -> bool:
        (text,) = self._read([piece])
        return likeness(piece.text, text.text) >= _CLEARLY_RIGHT

    def _is_wrong_rare_font(self, runs: Sequence[Run]) -> bool:
        sample = [run for run in runs if self._is_comparable(run, _SHORTEST_RARE_SAMPLE)]
        if not sample or not self._rare_left:
            return False
        self._rare_left -= 1
        longest = max(sample, key=lambda run: len(run.text))
        (text,) = self._read([longest])
        unlike = likeness(longest.text, text.text) < _LEAST_LIKENESS
        return unlike and text.score > _SURE and len(letters_and_digits(text.text)) > 1

    def _read(self, runs: Sequence[Run]) -> list[RecognizedText]:
        corners = [corners_of(run.box, self._image) for run in runs]
        return self._recognizer.read_lines(self._image.pixels, corners)

    def _is_comparable(self, run: Run, shortest: int) -> bool:
        return (
            run.box.width > run.box.height
            and len(letters_and_digits(run.text)) >= shortest
            and is_in_alphabet(run.text, self._recognizer)
        )


def _sample(runs: Sequence[Run]) -> list[Run]:
    """A few of the ``runs`` of the best length, spread over the page."""
    best = sorted(runs, key=lambda run: abs(len(run.text) - _BEST_SAMPLE))[: 3 * _SAMPLE_RUNS]
    return sorted(best, key=lambda run: run.box.top)[:: max(1, len(best) // _SAMPLE_RUNS)]


def _piece(run: Run) -> Run:
    """The first words of ``run``, as few as prove its font: reading takes time for each letter."""
    letters = 0
    for index, character in enumerate(run.characters):
        if letters >= _SHORTEST_PIECE and (character.text.isspace() or is_cjk(character.text)):
            return run._replace(characters=run.characters[:index])
        letters += len(letters_and_digits(character.text))
    return run
