"""Finds recognised lines in a monospaced font: all their letters have the same distance."""

from collections.abc import Iterator, Sequence
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
#: A line of at least so many characters, or of signs only, whose letters stand in the columns of
#: such a line is monospaced too: this part of them is at most so many columns beside one. The
#: recogniser leaves out at most so many spaces.
_FEWEST_ON_GRID, _ON_GRID, _OFF_GRID, _MOST_MISSED_SPACES = 5, 0.8, 0.27, 2
#: A gap of so many columns between two letters is a space.
_SPACE_STEP = 1.6


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
    known = {id(line): pitch for line, pitch in sure}
    for line, pitch in zip(lines, pitches, strict=True):
        if id(line) not in known and (like := _pitch_like_any(line, pitch, sure)):
            known[id(line)] = like
    _add_lines_on_grids(lines, known)
    return [_marked(line, known[id(line)]) if id(line) in known else line for line in lines]


def _add_lines_on_grids(lines: Sequence[Line], known: dict[int, float]) -> None:
    """Add to ``known`` the lines near monospaced ones whose letters stand in their columns."""
    ordered = sorted(lines, key=lambda line: line.box.center_y)
    for some in (ordered, ordered[::-1]):
        grids = [(line, known[id(line)]) for line in some if id(line) in known]
        for line in some:
            if id(line) in known:
                continue
            pitch = next((own for other, own in grids if _is_on_grid(line, other, own)), 0.0)
            if pitch:
                known[id(line)] = pitch
                grids.append((line, pitch))


def _is_on_grid(line: Line, other: Line, pitch: float) -> bool:
    """Whether the letters of ``line`` stand in the columns of letters of ``other``, near to it."""
    inked = [one.box.center_x for one in line.characters if one.text.strip()]
    if not inked or not _is_near(line, other) or not other.characters:
        return False
    if len(inked) < _FEWEST_ON_GRID and any(map(str.isalnum, line.text)):
        return False
    anchor = other.characters[0].box.center_x
    columns = [(middle - anchor) / pitch for middle in inked]
    on_grid = sum(abs(column - round(column)) < _OFF_GRID for column in columns)
    missed = round(columns[-1]) - round(columns[0]) + 1 - len(line.text)
    return on_grid >= _ON_GRID * len(inked) and 0 <= missed <= _MOST_MISSED_SPACES


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
        _is_near(line, other)
        and line.box.left < other.box.right
        and all(abs(step - pitch) < _SAME_PITCH * pitch for step in steps)
    )


def _is_near(line: Line, other: Line) -> bool:
    """Whether ``line`` stands over or under ``other``, or begins at most a little left of it."""
    return (
        abs(line.box.center_y - other.box.center_y) < _NEAR * other.size
        and other.box.left < line.box.right + _NEAR * other.size
    )


def _marked(line: Line, pitch: float) -> Line:
    widened = [_widened(character, pitch) for character in line.characters]
    characters = tuple(_with_missed_spaces(widened, pitch))
    inked = [character.box for character in characters if character.text.strip()]
    box = bounding_box((*inked, line.box))
    text = "".join(character.text for character in characters)
    if text == "".join(character.text for character in line.characters):
        return replace(line, box=box, monospaced=True, characters=characters)
    return replace(line, box=box, monospaced=True, characters=characters, text=text, rich_text="")


def _with_missed_spaces(characters: Sequence[Character], pitch: float) -> Iterator[Character]:
    """``characters`` with a space in each gap of a column that the recogniser left out."""
    before: Character | None = None
    for character in characters:
        if before is not None and before.text.strip() and character.text.strip():
            step = character.box.center_x - before.box.center_x
            if step > _SPACE_STEP * pitch:
                box = before.box._replace(left=before.box.right, right=character.box.left)
                yield before._replace(text=" ", box=box)
        yield character
        before = character


def _widened(character: Character, pitch: float) -> Character:
    if not character.text.strip():
        return character._replace(monospaced=True)
    middle = character.box.center_x
    # In this font a hyphen is as long as a minus sign.
    text = "-" if character.text == "−" else character.text
    box = character.box._replace(left=middle - pitch / 2, right=middle + pitch / 2)
    return character._replace(text=text, box=box, monospaced=True)
