"""Finds rows of terms with their meanings, which stand in two columns but are read row by row."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median

from workers.engines.cpu.characters import is_cjk
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.layout.side_by_side.page_gutters import are_apart
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line, bounding_box

#: Left edges of one column are at most so far apart, in font sizes.
_SAME_EDGE = 0.5
#: A meaning stands at least so far behind its term, in font sizes.
_LEAST_GAP = 1.0
#: Rows with a term and a meaning: at least so many, this part of the rows with a term, and this
#: part of all rows. Fewer need another font for the terms.
_FEWEST_PAIRS, _FEWEST_OF_ONE_FONT = 2, 3
_PAIRED_TERMS, _PAIRED_ROWS = 0.75, 0.3
#: The median term has at most so many words; in one font for all, the second.
_TERM_WORDS, _TERM_WORDS_OF_ONE_FONT = 3, 2
#: Meanings have more than so many times the words of the terms.
_MORE_WORDS = 1.5
#: Lines that reach this part of their column's width are full; more than the second part of the
#: lines of running text are, and its lines have at least so many words.
_FULL, _MOSTLY_FULL, _WORDS_OF_TEXT = 0.85, 0.6, 4
#: Fewer meanings of the same length are no column of text.
_ROWS_OF_TEXT = 6
#: A style counts if more than this part of the letters has it; it differs if fewer than the second
#: part of the other letters have it.
_HAS_STYLE, _LACKS_STYLE = 0.6, 0.3
#: Terms and meanings in two regions stand beside each other over this part of the lower one.
_BESIDE = 0.8
#: A row further below than this, in usual row distances, does not go on.
_WIDE_DISTANCE = 1.6
#: An item of a list or a numbered clause, and an amount.
_ITEM = re.compile(
    r"^(?:[•·▪■◦○●‣⁃∙◆►▸➢✓*–—-]|\(?[A-Za-z\d]{1,3}[.)]|\[\d{1,3}\]"
    r"|§\s?\d{1,3}|\d{1,2}(?:\.\d{1,2}){2,4}\.?)(?:\s|$)"
)
_AMOUNT = re.compile(r"^[^\w\s]{0,2}\s?[A-Z]{0,3}\s?\d[\d.,:'/\s]*\s?\w{0,3}[%°€$£]?$")
#: A word has at least so many letters; in scripts without spaces it has so many characters.
_WORD_LETTERS, _LETTERS_WITHOUT_SPACES = 2, 2


@dataclass(frozen=True)
class PairedRow:
    """A row: the lines of its term and of its meaning; one of them may be empty."""

    term: tuple[Line, ...]
    meaning: tuple[Line, ...]
    #: Whether a gap parts both; else one line was cut before a word.
    apart: bool = True

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of the row."""
        return (*self.term, *self.meaning)


def split_pairs(lines: Sequence[Line]) -> list[tuple[Row, ...] | tuple[PairedRow, ...]]:
    """``lines`` from top to bottom: rows of running text, and rows of terms with meanings."""
    rows = group_into_rows(lines)
    edge = _meaning_edge(rows)
    if edge is None:
        return [tuple(rows)]
    parts: list[tuple[Row, ...] | tuple[PairedRow, ...]] = []
    text: tuple[Row, ...] = ()
    for _, run in groupby(_with_cuts(rows, edge), key=lambda each: each[1] is None):
        members = list(run)
        pairs = [pair for _, pair in members if pair is not None]
        if not pairs or not are_pairs(pairs, is_whole=len(pairs) == len(rows)):
            text += tuple(row for row, _ in members)
            continue
        parts += [text] if text else []
        parts.append(_joined(pairs, edge))
        text = ()
    return [*parts, text] if text else parts


def join_pairs(drafts: Sequence[Draft], gutters: Sequence[float]) -> list[Draft]:
    """``drafts``, each column of terms joined with the column of their meanings.

    ``gutters`` are the left edges of columns of the page; the text beside is another text.
    """
    result = list(drafts)
    for terms in drafts:
        if terms not in result:
            continue
        meanings = next(
            (
                other
                for other in result
                if _are_meanings(terms, other) and not are_apart(terms, other, gutters)
            ),
            None,
        )
        if meanings is not None:
            box = bounding_box((terms.box, meanings.box))
            joined = replace(terms, box=box, lines=(*terms.lines, *meanings.lines))
            result[result.index(terms)] = joined
            result.remove(meanings)
    return result


def _are_meanings(terms: Draft, meanings: Draft) -> bool:
    if not {terms.kind, meanings.kind} <= RUNNING_TEXT or not terms.lines or not meanings.lines:
        return False
    lower = min(terms.box.height, meanings.box.height)
    beside = terms.box.overlap_height(meanings.box) > _BESIDE * lower
    if not beside or meanings.box.left < terms.box.right - 1:
        return False
    if any(_meaning_edge(group_into_rows(draft.lines)) is not None for draft in (terms, meanings)):
        return False
    parts = split_pairs((*terms.lines, *meanings.lines))
    return len(parts) == 1 and isinstance(parts[0][0], PairedRow)


def are_pairs(rows: Sequence[PairedRow], is_whole: bool) -> bool:
    """Whether ``rows`` are terms with meanings, and not two columns of text.

    ``is_whole`` says that no running text stands above or below them in their region.
    """
    both = [row for row in rows if row.term and row.meaning]
    terms = [row for row in rows if row.term]
    if len(both) < max(_FEWEST_PAIRS, _PAIRED_TERMS * len(terms), _PAIRED_ROWS * len(rows)):
        return False
    left, right = [row.term for row in both], [row.meaning for row in both]
    if sum(row.apart for row in both) < max(_FEWEST_PAIRS, _PAIRED_TERMS * len(both)):
        return False
    if _is_running_text(left) or (
        len(both) == len(rows) >= _ROWS_OF_TEXT and _is_running_text(right)
    ):
        return False
    if _are_items(left) or _are_items(right):
        return False
    words, more = median(map(_words, left)), median(map(_words, right))
    if _differ_in_style(left, right):
        return words <= _TERM_WORDS
    few = words <= _TERM_WORDS_OF_ONE_FONT and (
        len(both) >= _FEWEST_OF_ONE_FONT or (is_whole and more >= _WORDS_OF_TEXT)
    )
    return few and (_MORE_WORDS * max(1, words) < more or _are_amounts(right))


def _meaning_edge(rows: Sequence[Row]) -> float | None:
    """The left edge of most pieces that stand apart behind another piece; None for none."""
    starts = [
        after
        for row in rows
        for before, after in pairwise(sorted(row.lines, key=lambda line: line.box.left))
        if after.box.left - before.box.right > _LEAST_GAP * after.size
        and any(map(str.isalnum, after.text))
    ]
    if not starts:
        return None
    slack = _SAME_EDGE * median(line.size for line in starts)
    lefts = [line.box.left for line in starts]
    rights = [line.box.right for line in starts]
    common = _most_common(lefts, slack)
    if len(common) >= len(rows) / 3:
        return min(common)
    end = _most_common(rights, slack)
    return min(line.box.left for line in starts if line.box.right in end)


def _most_common(edges: Sequence[float], slack: float) -> list[float]:
    """The largest group of ``edges`` that lie within ``slack`` of one of them."""
    groups = ([other for other in edges if abs(other - edge) <= slack] for edge in sorted(edges))
    return max(groups, key=len)


def _with_cuts(rows: Sequence[Row], edge: float) -> list[tuple[Row, PairedRow | None]]:
    """``rows``, each cut at ``edge``; None for those that cross it.

    A row beside a crossing one that has no meaning is the end of a paragraph.
    """
    cut = [_cut(row, edge) for row in rows]
    for order in (range(1, len(rows)), range(len(rows) - 2, -1, -1)):
        for index in order:
            before = cut[index - 1 if order.step > 0 else index + 1]
            pair = cut[index]
            if before is None and pair is not None and not (pair.term and pair.meaning):
                cut[index] = None
    return list(zip(rows, cut, strict=True))


def _cut(row: Row, edge: float) -> PairedRow | None:
    """``row`` cut at ``edge``; None if a piece crosses it."""
    term: list[Line] = []
    meaning: list[Line] = []
    apart = True
    for line in row.lines:
        slack = _SAME_EDGE * line.size
        if line.box.right <= edge + slack / 2:
            term.append(line)
        elif line.box.left >= edge - slack:
            meaning.append(line)
        else:
            parts = _cut_line(line, edge - slack, edge + slack)
            if parts is None:
                return None
            term.append(parts[0])
            meaning.append(parts[1])
            apart = False
    return PairedRow(tuple(term), tuple(meaning), apart)


def _cut_line(line: Line, start: float, end: float) -> tuple[Line, Line] | None:
    """``line`` cut before the word that begins between ``start`` and ``end``; None for none."""
    for index, (before, after) in enumerate(pairwise(line.characters), 1):
        begins = before.text.isspace() and not after.text.isspace()
        if begins and start <= after.box.left <= end:
            return line_of(line.characters[:index]), line_of(line.characters[index:])
    return None


def _joined(rows: Sequence[PairedRow], edge: float) -> tuple[PairedRow, ...]:
    """``rows`` with the further lines of a term or meaning in the row that they continue."""
    left = min(line.box.left for row in rows for line in row.term)
    distances = sorted(_top(below) - _top(above) for above, below in pairwise(rows))
    usual = distances[len(distances) // 3] if distances else 0.0
    joined: list[PairedRow] = []
    for index, row in enumerate(rows):
        near = index > 0 and _top(row) - _top(rows[index - 1]) <= _WIDE_DISTANCE * usual
        if joined and near and _continues(row, left, edge):
            before = joined.pop()
            row = PairedRow((*before.term, *row.term), (*before.meaning, *row.meaning))
        joined.append(row)
    return tuple(joined)


def _continues(row: PairedRow, left: float, edge: float) -> bool:
    """Whether ``row`` has no term, or is indented behind both edges or one."""
    if not row.term:
        return True
    if row.meaning:
        return row.meaning[0].box.left > edge + _SAME_EDGE * row.meaning[0].size
    return row.term[0].box.left > left + row.term[0].size


def _top(row: PairedRow) -> float:
    return min(line.box.center_y for line in row.lines)


def _text(lines: Iterable[Line]) -> str:
    return " ".join(line.text for line in lines)


def _words(lines: Iterable[Line]) -> int:
    """The number of words; signs and single letters are none."""
    text = _text(lines)
    without_spaces = sum(map(is_cjk, text))
    words = sum(
        sum(map(str.isalpha, word)) >= _WORD_LETTERS for word in text.split()
    )  # fmt: skip
    return max(words, without_spaces // _LETTERS_WITHOUT_SPACES)


def _is_running_text(column: Sequence[Sequence[Line]]) -> bool:
    """Whether most lines of ``column`` are full of words, as in a column of text."""
    left = min(line.box.left for lines in column for line in lines)
    right = max(line.box.right for lines in column for line in lines)
    full = sum(
        max(line.box.right for line in lines) > left + _FULL * (right - left) for lines in column
    )
    return full > _MOSTLY_FULL * len(column) and median(map(_words, column)) >= _WORDS_OF_TEXT


def _are_items(column: Sequence[Sequence[Line]]) -> bool:
    """Whether most lines of ``column`` begin with the bullet or number of a list."""
    items = sum(bool(_ITEM.match(_text(lines))) for lines in column)
    return items > 1 and 2 * items > len(column)


def _are_amounts(column: Sequence[Sequence[Line]]) -> bool:
    """Whether most lines of ``column`` are numbers, such as prices and page numbers."""
    return sum(bool(_AMOUNT.match(_text(lines))) for lines in column) > _HAS_STYLE * len(column)


def _differ_in_style(left: Sequence[Sequence[Line]], right: Sequence[Sequence[Line]]) -> bool:
    """Whether the terms are set in another style than their meanings."""
    return any(
        one > _HAS_STYLE and other < _LACKS_STYLE
        for one, other in zip(_styles(left), _styles(right), strict=True)
    )


def _styles(column: Sequence[Sequence[Line]]) -> tuple[float, ...]:
    """The parts of the letters that are monospaced, bold, and italic."""
    monospaced = bold = italic = total = 0
    for line in (line for lines in column for line in lines):
        letters = [character for character in line.characters if not character.text.isspace()]
        count = len(letters) or len(line.text)
        total += count
        monospaced += sum(c.monospaced for c in letters) or line.monospaced * count
        bold += sum(c.bold for c in letters) or line.bold * count
        italic += sum(c.italic for c in letters)
    return (monospaced / total, bold / total, italic / total)
