"""The words of a table with their places."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workers.engines.cpu.values import Box, Character, Line, bounding_box

#: Words of one row share more than this part of the lower height: boxes of recognised words are
#: rough, and a cell centred beside two rows shares about half with each.
_SAME_ROW = 0.6
#: A wider gap than this, in font sizes, parts two segments of a row.
SEGMENT_GAP = 0.8


class Word(NamedTuple):
    """One word in points."""

    text: str
    box: Box
    size: float
    bold: bool


class Segment(NamedTuple):
    """Words of a row without a wide gap between them."""

    words: tuple[Word, ...]

    @property
    def box(self) -> Box:
        """The box around its words."""
        return bounding_box(word.box for word in self.words)

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(word.text for word in self.words)


def words_of(lines: Sequence[Line]) -> list[Word]:
    """The words of ``lines``; a line without measured characters is one word."""
    words = []
    for line in lines:
        if not line.characters:
            words.append(Word(line.text, line.box, line.size, line.bold))
        for characters in character_words(line.characters):
            inked = [one for one in characters if one.text.strip()]
            text = "".join(one.text for one in inked)
            box = bounding_box(one.box for one in inked)
            words.append(Word(text, box, inked[0].size, all(one.bold for one in inked)))
    return words


def character_words(characters: Sequence[Character]) -> Iterator[list[Character]]:
    """The words of a line, each with the spaces after it."""
    word: list[Character] = []
    for character in characters:
        if word and word[-1].text.isspace() and not character.text.isspace():
            yield word
            word = []
        if word or not character.text.isspace():
            word.append(character)
    if word:
        yield word


def word_rows(words: Sequence[Word]) -> list[list[Word]]:
    """``words`` by row, from top to bottom, each row from left to right."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.box.center_y):
        if rows and _is_on_row(word, rows[-1]):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.box.left) for row in rows]


def _is_on_row(word: Word, row: Sequence[Word]) -> bool:
    middle = sorted(row, key=lambda other: other.box.center_y)[len(row) // 2].box
    return word.box.overlap_height(middle) > _SAME_ROW * min(word.box.height, middle.height)


def segments_of(row: Sequence[Word], gap: float = SEGMENT_GAP) -> list[Segment]:
    """The segments of a row from left to right; a ``gap`` in font sizes parts two."""
    segments: list[list[Word]] = []
    for word in row:
        if segments and word.box.left - segments[-1][-1].box.right < gap * word.size:
            segments[-1].append(word)
        else:
            segments.append([word])
    return [Segment(tuple(words)) for words in segments]
