"""Joins rows into paragraphs: where one ends, which hyphens go, where no space is due."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from workers.engines.cpu.characters import CUT, is_cjk
from workers.engines.cpu.layout.rows import Row

#: A first line is indented by more than this, in font sizes.
_INDENT = 0.8
#: A paragraph's gap is this many times the usual distance of rows.
_WIDE_PITCH = 1.45
#: A row was broken on purpose where the next word would have fitted with this much to spare.
_SPARE = 2.0
#: Lines that are kept apart begin with a capital or a figure and are short.
_LINE_BEGINS = re.compile(r"^(?:[^\W\d_a-zß-öø-ÿ]|\d|\S+@\S+$)")
_FEWEST_LINES, _LONGEST_LINE = 3, 60
_ENDS = re.compile(r"[.!?:;。！？：；…][\"'”’»)\]]*$")
_LEADER = re.compile(r"(\.\s?){4,}\s*[\divxlc]+$")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]$")
#: Words whose hyphen is a hyphen even at the end of a row.
_KEPT_PREFIXES = frozenset(
    ("cross", "four", "half", "high", "long", "low", "non", "real", "self", "short", "two", "well")
)


def join(texts: Sequence[str], whole: str = "") -> str:
    """One paragraph from the rows ``texts``.

    ``whole`` is text in which a word written with its hyphen tells that the hyphen stays.
    """
    joined = ""
    for text in texts:
        joined = _append(joined, text.strip(), whole)
    return joined.replace("\u00ad", "").replace(CUT, "")


def paragraphs(rows: Sequence[Row]) -> list[list[Row]]:
    """``rows`` of one column, parted where a new paragraph or a meant line begins."""
    if not rows:
        return []
    if _are_lines(rows):
        return [[row] for row in rows]
    parts = [[rows[0]]]
    shape = _Shape(rows)
    for before, row in pairwise(rows):
        if shape.parts(before, row):
            parts.append([])
        parts[-1].append(row)
    return parts


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends as a sentence or a lead-in does."""
    return bool(_ENDS.search(text.rstrip()))


def _are_lines(rows: Sequence[Row]) -> bool:
    """Whether each row says something of its own, as in an address or a poem."""
    texts = [row.text for row in rows]
    return (
        len(rows) >= _FEWEST_LINES
        and all(_LINE_BEGINS.match(text) and len(text) < _LONGEST_LINE for text in texts)
        and not any(_HYPHEN.search(text) for text in texts)
        # Where all is in capitals, they say nothing.
        and any(map(str.islower, "".join(texts)))
        and sum(text.upper() == text for text in texts) < len(texts) / 2
    )


class _Shape:
    """The margins and the usual row distance of one column."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.left = min(row.box.left for row in rows)
        self.right = max(row.box.right for row in rows)
        pitches = [b.box.middle - a.box.middle for a, b in pairwise(rows)]
        # A low one of them: where paragraphs are short, half of the distances are gaps.
        self.pitch = sorted(pitches)[len(pitches) // 3] if pitches else 0.0
        self.size = median([row.size for row in rows])
        indented = [row for row in rows if row.box.left - self.left > _INDENT * self.size]
        # Where most rows are indented the text is centred or hangs: an indent means nothing.
        self.has_indents = len(indented) <= max(1, len(rows) // 3)

    def parts(self, before: Row, row: Row) -> bool:
        if row.box.middle - before.box.middle > _WIDE_PITCH * self.pitch and self.pitch:
            return True
        if _LEADER.search(before.text):
            return True
        if _HYPHEN.search(before.text) and row.text[:1].islower():
            return False
        return self._begins(before, row) or self._was_meant(before, row)

    def _begins(self, before: Row, row: Row) -> bool:
        indented = row.box.left - max(self.left, before.box.left) > _INDENT * self.size
        return self.has_indents and indented and ends_sentence(before.text)

    def _was_meant(self, before: Row, row: Row) -> bool:
        """Whether the next word would have fitted easily behind ``before``."""
        width = row.box.width / max(1, len(row.text))
        word = len(row.text.split(" ", 1)[0]) if " " in row.text else min(len(row.text), 2)
        room = self.right - before.box.right - width * (word + 1)
        unfinished = row.text[:1].islower() or before.text[-1:] == ","
        spare = _SPARE * self.size * (4 if unfinished else 1)
        return room > max(spare, (0.25 if unfinished else 0.12) * (self.right - self.left))


def _append(joined: str, text: str, whole: str) -> str:
    if not joined or not text:
        return joined + text
    if joined.endswith(("\u00ad", CUT)):
        return joined[:-1] + text
    if _HYPHEN.search(joined) and text[:1].islower():
        return joined + text if _keeps_hyphen(joined, text, whole) else joined[:-1] + text
    if _HYPHEN.search(joined) and text[:1].isupper():
        return joined + text
    if is_cjk(joined[-1]) and is_cjk(text[0]):
        return joined + text
    return f"{joined} {text}"


def _keeps_hyphen(joined: str, text: str, whole: str) -> bool:
    before = re.split(r"[\s(\[“\"]", joined)[-1]
    after = re.split(r"[\s.,;:!?)\]”\"]", text, maxsplit=1)[0]
    if "-" in after:
        return True
    if before[:-1].lower() in _KEPT_PREFIXES or "-" in before[:-1]:
        return f"{before[:-1]}{after}".lower() not in whole.lower()
    return f"{before[:-1]}-{after}" in whole
