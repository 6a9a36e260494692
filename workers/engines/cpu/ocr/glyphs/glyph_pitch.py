"""Finds recognised lines in a monospaced font: all their letters have the same distance."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from workers.engines.cpu.values import Character, Line, bounding_box

#: Distances of letters in a monospaced font differ from their median by less than this part
#: (measured: 0.02 to 0.055 in Courier, from 0.068 in proportional fonts); a line up to the second
#: part may be monospaced if one near it is.
_SURE_DEVIATION, _LARGEST_DEVIATION = 0.062, 0.085
#: Fewer letters prove nothing.
_FEWEST_LETTERS, _FEWEST_STEPS = 4, 3
#: Letters that are narrow or wide in other fonts; so many, and this part of all letters, are proof.
_TELLING, _FEWEST_TELLING, _TELLING_SHARE = frozenset("fijlrtIJmwMW"), 2, 0.15
#: A line too short to tell has the font of a line at most this far above or below it, in font
#: sizes, whose distance of letters differs by at most this part.
_NEAR, _SAME_PITCH = 2.5, 0.12


def with_monospaced(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with those in a monospaced font marked, and their characters too.

    The boxes of these characters are as wide as the distance of the letters, as in a text layer.
    """
    pitches = [_monospaced_pitch(line) for line in lines]
    sure = [
        (line, pitch)
        for line, pitch in zip(lines, pitches, strict=True)
        if pitch and _is_sure(line)
    ]
    pitches = [
        pitch if any(line is other for other, _ in sure) else _pitch_like_any(line, pitch, sure)
        for line, pitch in zip(lines, pitches, strict=True)
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


def _is_sure(line: Line) -> bool:
    """Whether ``line`` has equal steps, and letters that are narrow or wide in every other font."""
    if _deviation(_steps(line)) >= _SURE_DEVIATION:
        return False
    letters = sum(letter.isalpha() for letter in line.text)
    telling = sum(letter in _TELLING for letter in line.text)
    return telling >= max(_FEWEST_TELLING, _TELLING_SHARE * letters)


def _pitch_like_any(line: Line, own: float, sure: Sequence[tuple[Line, float]]) -> float:
    """The pitch of a monospaced line over or under ``line``, which cannot tell by itself.

    ``own`` is the pitch that it would have; 0 if it is too short or has none.
    """
    steps = _steps(line)
    if not line.characters or (not own and len(steps) >= 2 * _FEWEST_STEPS):
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
