"""Recognises program code by its monospaced font and keeps its rows and indentation."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from statistics import median

from workers.engines.cpu.characters import WORD_JOINER, clean_text
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import Line, bounding_box

#: Code has more than this part of its characters in a monospaced font.
_LEAST_MONOSPACED = 0.8
#: Code has more than this part of its characters in ASCII; Chinese and Korean fonts are
#: monospaced too.
_LEAST_ASCII = 0.7
#: Fewer rows in a monospaced font are a part of the text around them.
_FEWEST_ROWS = 2
#: On a page in a typewriter's font, code has at least this part of signs of programs.
_LEAST_SIGNS = 0.04
_SIGNS = frozenset("{}()[]<>=;_#$&|\\/*+")
#: The number of a row of a listing has at most so many digits.
_LONGEST_NUMBER = 4
#: A smaller gap than this, in widths of a letter, is one space.
_ONE_SPACE = 1.6
#: Code goes on under a gap of less than this, in font sizes, in letters of the same size: their
#: sizes differ by less than the second value.
_EMPTY_LINE, _SAME_SIZE = 2.2, 0.1
#: The distance of two lines in font sizes; at most so many empty lines are kept.
_LINE_DISTANCE, _MOST_EMPTY = 1.25, 2
#: Largest indentation in characters; a row far to the right gets no more.
_DEEPEST_INDENT = 80
#: More than this part of the characters in a monospaced font: the page was set like a typescript.
_TYPESCRIPT = 0.8


def is_typescript(lines: Sequence[Line]) -> bool:
    """Whether most of the ``lines`` of a page are in a typewriter's font."""
    monospaced = sum(len(line.text) for line in lines if line.monospaced)
    return monospaced > _TYPESCRIPT * sum(len(line.text) for line in lines)


def with_code_apart(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with program code apart from other text."""
    in_typescript = is_typescript([line for draft in drafts for line in draft.lines])
    result = []
    for draft in drafts:
        parts = _split_code(draft) if draft.kind in RUNNING_TEXT else [draft]
        for part in parts:
            is_program = part.kind in RUNNING_TEXT and is_code(part, in_typescript)
            result.append(_as_code(part) if is_program else part)
    return result


def _as_code(draft: Draft) -> Draft:
    """``draft`` as code; its box shows the indentation, also over pages."""
    return replace(draft, kind="code", box=bounding_box(line.box for line in draft.lines))


def without_code_formulas(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with code that the layout model takes for a formula as text."""
    return [
        replace(draft, kind="text") if draft.kind == "equation" and is_code(draft) else draft
        for draft in drafts
    ]


def join_code(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` in reading order, with pieces of code under each other as one."""
    result: list[Draft] = []
    for draft in drafts:
        if result and _goes_on(result[-1], draft):
            before = result.pop()
            box = bounding_box((before.box, draft.box))
            draft = replace(before, box=box, lines=(*before.lines, *draft.lines))
        result.append(draft)
    return result


def _goes_on(before: Draft, draft: Draft) -> bool:
    """Whether two pieces of code stand in one column with at most one empty line between them."""
    if before.kind != "code" or draft.kind != "code" or not before.lines or not draft.lines:
        return False
    gap = draft.box.top - before.box.bottom
    same_size = abs(before.size - draft.size) < _SAME_SIZE * draft.size
    # The number of an empty row of a listing is smaller than the code.
    same_size = same_size or before.text.isdecimal() or draft.text.isdecimal()
    in_column = before.box.overlap_width(draft.box) > 0
    # A rule between two rows may be wider than their region, and so a piece of its own.
    below = draft.box.top > before.box.top
    return same_size and in_column and below and gap < _EMPTY_LINE * draft.size


def has_code_signs(draft: Draft) -> bool:
    """Whether ``draft`` has as many signs as programs have."""
    return sum(map(_SIGNS.__contains__, draft.text)) >= _LEAST_SIGNS * len(draft.text)


def is_code(draft: Draft, in_typescript: bool = False) -> bool:
    """Whether nearly all of ``draft`` is ASCII in a monospaced font, but for numbers of its rows.

    ``in_typescript`` says that most of the page is in such a font; code then needs signs too.
    """
    if in_typescript and not has_code_signs(draft):
        return False
    monospaced = "".join(line.text for line in draft.lines if line.monospaced)
    ascii_count = sum(map(str.isascii, monospaced))
    lines = (line for row in group_into_rows(draft.lines) for line in _without_number(row))
    all_count = sum(len(line.text) for line in lines)
    return (
        ascii_count > _LEAST_ASCII * len(monospaced)
        and len(monospaced) > _LEAST_MONOSPACED * all_count
    )


def _split_code(draft: Draft) -> list[Draft]:
    """``draft``, with its rows of code apart from the text above and below them."""
    rows = group_into_rows(draft.lines)
    runs = [list(run) for _, run in groupby(rows, key=_is_monospaced)]
    if len(runs) == 1 or not any(
        len(run) >= _FEWEST_ROWS and _is_monospaced(run[0]) for run in runs
    ):
        return [draft]
    parts = []
    for run in runs:
        lines = tuple(line for row in run for line in row.lines)
        parts.append(replace(draft, lines=lines, box=bounding_box(line.box for line in lines)))
    return parts


def _is_monospaced(row: Row) -> bool:
    return all(line.monospaced for line in _without_number(row))


def _without_number(row: Row) -> tuple[Line, ...]:
    """The lines of ``row`` without the number before a row of a listing."""
    first, *rest = row.lines
    is_number = first.text.isdecimal() and len(first.text) <= _LONGEST_NUMBER
    return tuple(rest) if rest and is_number else row.lines


def code_text(rows: Sequence[Row]) -> str:
    """``rows`` line by line, each character at its place in spaces of the median width."""
    left = min(row.box.left for row in rows)
    width = _letter_width(rows)
    text = ""
    for row, empty in zip(rows, _empty_lines(rows), strict=True):
        text += "\n" * (1 + empty) + _row_text(row, left, width)
    return text.removeprefix("\n")


def _empty_lines(rows: Sequence[Row]) -> list[int]:
    """The number of empty lines before each row, at most ``_MOST_EMPTY``; 0 for the first."""
    distances = [below.box.center_y - above.box.center_y for above, below in pairwise(rows)]
    largest = _LINE_DISTANCE * median(row.size for row in rows)
    usual = sorted(distances)[len(distances) // 3] if len(distances) > 1 else largest
    counts = [round(distance / max(usual, 1.0)) - 1 for distance in distances]
    return [0, *(min(_MOST_EMPTY, max(0, count)) for count in counts)]


def _letter_width(rows: Sequence[Row]) -> float:
    """The usual distance of two characters in page units."""
    characters = [c for row in rows for line in row.lines for c in line.characters]
    widths = [character.box.width for character in characters if character.monospaced]
    lines = [line for row in rows for line in row.lines]
    widths = widths or [line.box.width / len(line.text) for line in lines if line.text]
    return median(widths) or 1.0


def _row_text(row: Row, left: float, width: float) -> str:
    text = ""
    end = left
    for line in row.lines:
        for piece_left, piece_right, piece in _pieces(line):
            spaces = round((piece_left - left) / width) - len(text)
            least = 1 if text and not text.endswith(" ") else 0
            # Letters of another font in the row are wider or narrower than usual.
            most = least if text and piece_left - end < _ONE_SPACE * width else _DEEPEST_INDENT
            text += " " * min(most, max(least, spaces)) + piece
            end = piece_right
    return text.rstrip(WORD_JOINER + " ")


def _pieces(line: Line) -> Iterator[tuple[float, float, str]]:
    """The left and right edges and the words of ``line``; a recognised line is one piece."""
    if not line.characters:
        yield line.box.left, line.box.right, line.text
        return
    for is_blank, run in groupby(line.characters, key=lambda character: character.text.isspace()):
        if not is_blank:
            word = list(run)
            text = clean_text("".join(character.text for character in word))
            yield word[0].box.left, word[-1].box.right, text
