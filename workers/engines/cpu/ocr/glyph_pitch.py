"""Finds recognised lines in a monospaced font: all their letters have the same distance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from workers.engines.cpu.values import Character, Line, bounding_box

#: Distances of letters in a monospaced font differ from their median by less than this part
#: (measured: 0.02 to 0.055 in Courier, 0.14 and more in proportional fonts).
_LARGEST_DEVIATION = 0.085
#: Fewer letters prove nothing.
_FEWEST_LETTERS, _FEWEST_STEPS = 4, 3
#: A line too short to tell has the font of a line at most this far above or below it, in font
#: sizes, whose distance of letters differs by at most this part.
_NEAR, _SAME_PITCH = 2.5, 0.12


def with_monospaced(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with those in a monospaced font marked, and their characters too.

    The boxes of these characters are as wide as the distance of the letters, as in a text layer.
    """
    pitches = [_monospaced_pitch(line) for line in lines]
    sure = [(line, pitch) for line, pitch in zip(lines, pitches, strict=True) if pitch]
    pitches = [
        pitch or _pitch_like_any(line, sure) for line, pitch in zip(lines, pitches, strict=True)
    ]
    return [
        _marked(line, pitch) if pitch else line for line, pitch in zip(lines, pitches, strict=True)
    ]


def _monospaced_pitch(line: Line) -> float:
    """The distance of the letters of a monospaced ``line``; 0 if it is not or cannot be known."""
    steps = _steps(line)
    letters = sum(letter.isascii() and letter.isalpha() for letter in line.text)
    if letters < _FEWEST_LETTERS or len(steps) < _FEWEST_STEPS:
        return 0.0
    return median(steps) if _deviation(steps) < _LARGEST_DEVIATION else 0.0


def _steps(line: Line) -> list[float]:
    """The distances between the middles of neighbouring letters of one word."""
    return [
        after.box.center_x - before.box.center_x
        for before, after in pairwise(line.characters)
        if before.text.strip() and after.text.strip()
    ]


def _deviation(steps: Sequence[float]) -> float:
    middle = median(steps)
    return sum(abs(step - middle) for step in steps) / len(steps) / middle if middle > 0 else 1.0


def _pitch_like_any(line: Line, sure: Sequence[tuple[Line, float]]) -> float:
    """The pitch of a monospaced line over or under ``line``, which is too short to tell."""
    steps = _steps(line)
    if not line.characters or len(steps) >= 2 * _FEWEST_STEPS:
        return 0.0
    return next((pitch for other, pitch in sure if _is_like(line, steps, other, pitch)), 0.0)


def _is_like(line: Line, steps: Sequence[float], other: Line, pitch: float) -> bool:
    return (
        abs(line.box.center_y - other.box.center_y) < _NEAR * other.size
        and line.box.left < other.box.right
        and other.box.left < line.box.right + _NEAR * other.size
        and all(abs(step - pitch) < _SAME_PITCH * pitch for step in steps)
    )


def _marked(line: Line, pitch: float) -> Line:
    characters = tuple(_widened(character, pitch) for character in line.characters)
    inked = [character.box for character in characters if character.text.strip()]
    box = bounding_box((*inked, line.box))
    return replace(line, box=box, monospaced=True, characters=characters)


def _widened(character: Character, pitch: float) -> Character:
    if not character.text.strip():
        return character._replace(monospaced=True)
    middle = character.box.center_x
    box = character.box._replace(left=middle - pitch / 2, right=middle + pitch / 2)
    return character._replace(box=box, monospaced=True)
