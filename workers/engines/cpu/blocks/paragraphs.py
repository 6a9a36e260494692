"""Joins rows into paragraphs: finds their ends, removes hyphens and inserts spaces."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from shared.document.structure.text.hyphenation import may_be_syllable
from workers.engines.cpu.characters import WORD_JOINER, is_cjk
from workers.engines.cpu.layout.rows import Row
from workers.engines.cpu.marks.signs import (
    continued,
    is_in_code,
    split_end,
    split_start,
    without_marks,
)

#: The first row of a paragraph is indented by more than this, in font sizes.
_INDENT = 0.8
#: A new paragraph begins after more than this many times the usual row distance.
_WIDE_DISTANCE = 1.45
#: The page broke a row on purpose if the next word had fitted with more than this to spare, in
#: font sizes; the row before an unfinished sentence needs more.
_SPARE, _SPARE_IN_SENTENCE = 2.0, 8.0
#: The same, as parts of the column width.
_SPARE_SHARE, _SPARE_SHARE_IN_SENTENCE = 0.12, 0.25
#: Separate lines, as in an address, begin with a capital letter, a digit or an e-mail address.
_SEPARATE_LINE_START = re.compile(r"^(?:[^\W\d_a-zß-öø-ÿ]|\d|\S+@\S+$)")
#: Separate lines are at least this many, and each has fewer characters than the second value.
_FEWEST_SEPARATE_LINES, _LONGEST_SEPARATE_LINE = 3, 60
_SENTENCE_END = re.compile(r"[.!?:;。！？：；…][\"'”’»)\]*`~]*$")
_LEADER = re.compile(r"(\.\s?){4,}\s*[\divxlc]+$")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]$")
#: An address on the web or a mail address, the marks inside that end a row, and the ends of rows
#: inside a path and a range.
_ADDRESS = re.compile(r"://|^www\.|\w@\w")
_INSIDE_ADDRESS = ("/", "_", "-", "=", "&", "?", "#", "%")
#: A long dash without a space before it has none after it either.
_ATTACHED_DASH = re.compile(r"[^\W\d_][—―]$")
_PATH_END, _RANGE_END = re.compile(r"\w[/_]$"), re.compile(r"\d[-–]$")
#: The scheme of an address, and the part of a mail address before its sign.
_SCHEME_END, _MAILBOX = re.compile(r"\b(?:https?|ftp|file):$"), re.compile(r"[\w.+-]*@")
#: Words behind a hyphen that stands for the end of the compound after them.
_SUSPENDED = re.compile(r"(?:und|oder|bzw|and|or|et|ou)(?![\w-])")
#: A command of TeX, whose name has letters only.
_CONTROL_WORD = re.compile(r"\\[A-Za-z@]+-$")
#: Letters of an ending at most, of a word with at least so many letters.
_ENDING, _SHORTEST_WITH_ENDING = 2, 8
_SOFT_HYPHEN = "\u00ad"
#: Words that keep the hyphen after them at the end of a row.
_HYPHENATED_PREFIXES = frozenset(
    ("cross", "four", "half", "high", "long", "low", "non", "real", "self", "short", "two", "well")
)


def join_rows(texts: Sequence[str], page_text: str = "") -> str:
    """One paragraph from the rows ``texts``.

    A hyphen at the end of a row stays if ``page_text`` has the word with its hyphen elsewhere.
    """
    joined = ""
    for text in texts:
        joined = _append(*continued(joined, text.strip()), page_text)
    return joined.replace(_SOFT_HYPHEN, "").replace(WORD_JOINER, "")


def split_into_paragraphs(rows: Sequence[Row]) -> list[list[Row]]:
    """``rows`` of one column, split where a new paragraph or a separate line begins."""
    if not rows:
        return []
    if _are_separate_lines(rows):
        return [[row] for row in rows]
    parts = [[rows[0]]]
    column = _Column(rows)
    for before, row in pairwise(rows):
        if column.begins_paragraph(before, row):
            parts.append([])
        parts[-1].append(row)
    return parts


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends with a mark that ends a sentence, a clause or a lead-in."""
    return bool(_SENTENCE_END.search(text.rstrip()))


def _are_separate_lines(rows: Sequence[Row]) -> bool:
    """Whether each row is a line of its own, as in an address or a poem."""
    texts = [row.text for row in rows]
    return (
        len(rows) >= _FEWEST_SEPARATE_LINES
        and all(
            _SEPARATE_LINE_START.match(text) and len(text) < _LONGEST_SEPARATE_LINE
            for text in texts
        )
        and not any(_HYPHEN.search(text) for text in texts)
        # In text that is all in capitals, a capital at the start of a row means nothing.
        and any(map(str.islower, "".join(texts)))
        and sum(text.upper() == text for text in texts) < len(texts) / 2
    )


class _Column:
    """The margins (in points) and the usual row distance of one column."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.left = min(row.box.left for row in rows)
        self.right = max(row.box.right for row in rows)
        distances = [b.box.center_y - a.box.center_y for a, b in pairwise(rows)]
        # A low quantile, because half of the distances are gaps if paragraphs are short.
        self.distance = sorted(distances)[len(distances) // 3] if distances else 0.0
        self.size = median([row.size for row in rows])
        indented = [row for row in rows if row.box.left - self.left > _INDENT * self.size]
        # If most rows are indented, the text is centred or hangs and an indent means nothing.
        self.has_indents = len(indented) <= max(1, len(rows) // 3)

    def begins_paragraph(self, before: Row, row: Row) -> bool:
        """Whether ``row`` begins a new paragraph or separate line after the row ``before``."""
        distance = row.box.center_y - before.box.center_y
        if distance > _WIDE_DISTANCE * self.distance and self.distance:
            return True
        if _LEADER.search(before.text):
            return True
        if _HYPHEN.search(before.text) and row.text[:1].islower():
            return False
        if _RANGE_END.search(before.text) and row.text[:1].isdecimal():
            return False
        return self._is_first_row(before, row) or self._broke_early(before, row)

    def _is_first_row(self, before: Row, row: Row) -> bool:
        indented = row.box.left - max(self.left, before.box.left) > _INDENT * self.size
        return self.has_indents and indented and ends_sentence(before.text)

    def _broke_early(self, before: Row, row: Row) -> bool:
        """Whether the next word had easily fitted on the row ``before``."""
        letter_width = row.box.width / max(1, len(row.text))
        word = len(row.text.split(" ", 1)[0]) if " " in row.text else min(len(row.text), 2)
        spare = self.right - before.box.right - letter_width * (word + 1)
        in_sentence = row.text[:1].islower() or before.text[-1:] == ","
        least = _SPARE_IN_SENTENCE if in_sentence else _SPARE
        share = _SPARE_SHARE_IN_SENTENCE if in_sentence else _SPARE_SHARE
        return spare > max(least * self.size, share * (self.right - self.left))


def _append(joined: str, text: str, page_text: str) -> str:
    """``joined`` and the row ``text``, with a space, a hyphen or nothing between them."""
    if not joined or not text:
        return joined + text
    before, ends = split_end(joined)
    starts, after = split_start(text)
    if before.endswith((_SOFT_HYPHEN, WORD_JOINER)):
        before = before[:-1]
    elif _may_divide_word(before, after, page_text) and not _goes_on(before, after):
        before = before if _keeps_hyphen(before, after, page_text) else before[:-1]
    elif not _is_one_word(before, after):
        ends += " "
    return f"{before}{ends}{starts}{after}"


def _may_divide_word(before: str, after: str, page_text: str) -> bool:
    """Whether a hyphen between two rows may be that of a divided word, also of one in capitals."""
    if not _HYPHEN.search(before) or not after:
        return False
    whole = "".join(_halves_of_word(before, after))
    is_shown = whole.lower() in page_text.lower() or _CONTROL_WORD.search(without_marks(before))
    if is_in_code(before) and not is_shown:
        return False  # names in code often have hyphens of their own
    if _SUSPENDED.match(after) and whole.lower() not in page_text.lower():
        return False
    return after[0].islower() or (whole.isupper() and whole.lower() in page_text.lower())


def _halves_of_word(before: str, after: str) -> tuple[str, str]:
    """What stands before and behind the hyphen at the end of ``before``, up to the next space."""
    first = without_marks(re.split(r"[\s(\[“\"]", before)[-1])[:-1]
    second = without_marks(re.split(r"[\s.,;:!?)\]”\"]", after, maxsplit=1)[0])
    return first, second


def _is_one_word(before: str, after: str) -> bool:
    """Whether no space stands between two rows."""
    if _HYPHEN.search(before) and (after[:1].isupper() or is_in_code(before)):
        return True
    if _SCHEME_END.search(before) and after.startswith("//"):
        return True
    if is_in_code(before) and after[:1].isalnum() and _goes_on_in_code(before):
        return True
    return _goes_on(before, after) or (is_cjk(before[-1:]) and is_cjk(after[:1]))


def _goes_on_in_code(before: str) -> bool:
    """Whether the row ``before`` ended inside an address or a path that is set as code."""
    last = without_marks(before.rsplit(maxsplit=1)[-1])
    return last.endswith("/") or (last.endswith(".") and bool(_ADDRESS.search(last)))


def _goes_on(joined: str, text: str) -> bool:
    """Whether the row ended inside an address, a path or a range, or with a dash in a sentence."""
    last = without_marks(joined.rsplit(maxsplit=1)[-1])
    if not text[:1].isalnum():
        return False
    if _ATTACHED_DASH.search(last):
        return True
    if _ADDRESS.search(last):
        return last.endswith(_INSIDE_ADDRESS)
    return bool(_PATH_END.search(last) or (_RANGE_END.search(last) and text[0].isdecimal()))


def _keeps_hyphen(joined: str, text: str, page_text: str) -> bool:
    first, second = _halves_of_word(joined, text)
    page_text = page_text.replace("\u2010", "-")
    if "-" in second or _MAILBOX.match(text) or not may_be_syllable(first):
        return True
    if first.lower() in _HYPHENATED_PREFIXES or "-" in first:
        return f"{first}{second}".lower() not in page_text.lower()
    # An ending may differ: "case-sensitive" shows the hyphen of "case-sensitively".
    ending = _ENDING if len(second) >= _SHORTEST_WITH_ENDING else 0
    return f"{first}-{second[: len(second) - ending]}" in page_text
