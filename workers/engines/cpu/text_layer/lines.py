"""Builds lines of text from the judged characters of a PDF page."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workers.engines.cpu.characters import clean_text, is_hangul, is_rtl, is_unmapped
from workers.engines.cpu.marks.marking import marked
from workers.engines.cpu.marks.signs import without_marks
from workers.engines.cpu.marks.struck_words import with_whole_words_struck
from workers.engines.cpu.text_layer.direction import in_logical_order
from workers.engines.cpu.text_layer.fonts.extension_font import is_extension_font
from workers.engines.cpu.text_layer.judging import JudgedLine
from workers.engines.cpu.text_layer.lone_brackets import with_brackets_joined
from workers.engines.cpu.text_layer.word_gaps import with_word_gaps, without_letter_spacing
from workers.engines.cpu.values import Character, Line, bounding_box

#: A gap of more than this many font sizes splits a line into two.
_WIDE_GAP = 2.0
#: A baseline step of more than this many font sizes splits a line if the font size stays the
#: same: it is a part of a formula and not a superscript.
_BASELINE_STEP = 0.4
#: Font sizes that differ by less than this part are the same.
_SAME_SIZE = 0.05
#: If more than this part of the Korean lines ends with a space, spaces at line ends are stored.
_SPACED_LINES = 0.15


@dataclass(frozen=True)
class LayerLine:
    """A line of the text layer (in points) with what the check of its fonts needs."""

    line: Line
    #: Number of characters without a mapping to Unicode, a bullet at the start excluded.
    unmapped: int
    #: Name of the font of most characters.
    font: str


def read_lines(judged: Sequence[JudgedLine]) -> list[LayerLine]:
    """The lines of a page, in points."""
    whole = with_brackets_joined(judged)
    layer = [_layer_line(piece, line) for line in whole for piece in _pieces(line)]
    return _with_cut_words_marked([line for line in layer if line.line.text])


def line_of(characters: Sequence[Character], **fields: bool) -> Line:
    """The line of ``characters``, which are in reading order, at least one of them not blank."""
    characters = with_whole_words_struck(characters)
    inked = [character for character in characters if character.text.strip()]
    rich = clean_text(marked(characters))
    return Line(
        box=bounding_box(character.box for character in inked),
        text=without_marks(rich),
        rich_text=rich,
        size=max(character.size for character in inked),
        monospaced=all(character.monospaced for character in inked),
        bold=all(character.bold for character in inked),
        space_before=characters[0].text.isspace(),
        space_after=characters[-1].text.isspace(),
        score=min((c.score for c in inked if c.score is not None), default=None),
        characters=tuple(characters),
        **fields,
    )


def _pieces(line: JudgedLine) -> Iterator[Sequence[Character]]:
    """The characters of ``line`` in reading order, split at wide gaps and baseline steps."""
    if not line.is_upright:
        yield line.characters
        return
    right_to_left = any(is_rtl(character.text[0]) for character in line.characters)
    characters: Sequence[Character] = line.characters
    if right_to_left:
        characters = sorted(characters, key=lambda character: character.box.center_x)
    for piece in _split_at_gaps(characters):
        spaced = without_letter_spacing(with_word_gaps(piece))
        yield in_logical_order(spaced) if right_to_left else spaced


def _split_at_gaps(characters: Sequence[Character]) -> Iterator[list[Character]]:
    piece: list[Character] = []
    for character in characters:
        blank = character.text.isspace()
        if piece and not blank and _is_split(piece, character):
            yield piece
            piece = []
        if not blank or piece:
            piece.append(character)
    if piece:
        yield piece


def _is_split(piece: Sequence[Character], after: Character) -> bool:
    """Whether ``after`` is far from ``piece``, or higher or lower at the same font size."""
    before = next(character for character in reversed(piece) if not character.is_gap)
    step = abs(after.baseline - before.baseline)
    inked = next((c for c in reversed(piece) if c.text.strip()), before)
    if is_extension_font(inked.font) != is_extension_font(after.font):
        return True  # limits stand above and below such an operator
    same_size = abs(before.size - after.size) < _SAME_SIZE * after.size
    if step > _BASELINE_STEP * after.size and same_size:
        return True
    return not before.text.isspace() and _gap(before, after) > _WIDE_GAP * after.size


def _gap(before: Character, after: Character) -> float:
    """Points between two characters in either writing direction."""
    return max(after.box.left - before.box.right, before.box.left - after.box.right)


def _layer_line(characters: Sequence[Character], judged: JudgedLine) -> LayerLine:
    raw = "".join(character.text for character in characters).lstrip(" \ufffd")
    fonts = Counter(character.font for character in characters if character.text.strip())
    line = line_of(characters, slanted=judged.is_slanted)
    return LayerLine(line, sum(map(is_unmapped, raw)), max(fonts, key=lambda name: fonts[name]))


def _with_cut_words_marked(layer: list[LayerLine]) -> list[LayerLine]:
    """``layer`` with ``ends_inside_word`` set for Korean lines that end inside a word.

    If some Korean lines end with a space, those without one end inside a word. If none does, the
    layer does not store spaces at line ends and nothing is set.
    """
    korean = [layer_line for layer_line in layer if is_hangul(layer_line.line.text[-1:])]
    spaced = sum(layer_line.line.space_after for layer_line in korean)
    if spaced <= _SPACED_LINES * len(korean):
        return layer
    cut = {id(layer_line) for layer_line in korean if not layer_line.line.space_after}
    return [
        replace(layer_line, line=replace(layer_line.line, ends_inside_word=True))
        if id(layer_line) in cut
        else layer_line
        for layer_line in layer
    ]
