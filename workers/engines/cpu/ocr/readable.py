"""Refuses a page whose text the recogniser cannot read, so that it does not end as empty."""

from collections.abc import Sequence

from shared.domain.errors import UnreadableScript
from workers.engines.cpu.characters import clean_text
from workers.engines.cpu.recognition import Corners, RecognizedText, line_size

#: A line is more than this many times as long as high; shorter marks may be dirt or drawings.
_LINE_RATIO = 3.0
#: A page with fewer lines proves nothing: they may be a part of a picture.
_FEWEST_LINES = 2
#: A line that was read has at least this many characters for each line height of its length.
_LEAST_DENSITY = 0.25
#: A score is worth nothing at the first value and all at 1.
_WORTHLESS = 0.5
#: The mean worth of the lines, by their length, of a page that was read (measured: 0.9 on good
#: scans, at most 0.2 on scripts that the models do not know).
_LEAST_WORTH = 0.3
SCRIPTS = "Latin, Greek, Chinese and Japanese"


def check_readable(corners: Sequence[Corners], texts: Sequence[RecognizedText]) -> None:
    """Raise UnreadableScript if ``texts`` are hardly anything of the lines at ``corners``."""
    lengths: list[float] = []
    worths: list[float] = []
    for corner, text in zip(corners, texts, strict=True):
        length, height = sorted(line_size(corner), reverse=True)
        if length > _LINE_RATIO * height > 0:
            lengths.append(length)
            worths.append(length * _worth(text, length / height))
    if len(lengths) >= _FEWEST_LINES and sum(worths) < _LEAST_WORTH * sum(lengths):
        raise UnreadableScript(
            f"the page shows {len(lengths)} lines of text, but they could not be read: the cpu "
            f"engine reads {SCRIPTS} script; use another engine for other scripts"
        )


def _worth(text: RecognizedText, heights: float) -> float:
    """How far one line was read, 0 to 1; ``heights`` is its length in line heights."""
    characters = len(clean_text(text.text).replace(" ", ""))
    is_dense = characters >= _LEAST_DENSITY * heights
    return max(0.0, (text.score - _WORTHLESS) / (1 - _WORTHLESS)) if is_dense else 0.0
