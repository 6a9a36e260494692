"""Finds inline code in one Markdown block where all Markdown renderers agree about it."""

import re
from bisect import bisect_right
from collections.abc import Callable

from shared.document.syntax import HTML_LINE

Span = tuple[int, int]
_ESCAPE_OR_RUN = re.compile(r"\\[!-/:-@\[-`{-~]|`+")
_RUN = re.compile(r"`+")
#: GitHub makes links of bare addresses before it looks for backticks in them.
_BARE_ADDRESS = re.compile(r"(?::/|www\.|@)[^ \t\n\r<]*\Z", re.IGNORECASE)


def code_spans(block: str) -> tuple[Span, ...]:
    """Sorted, disjoint ranges of ``block`` that are inline code with their backticks.

    Empty where renderers may disagree: where the block may contain raw HTML, where the backticks
    of a line are unbalanced, where a span contains a column mark of a table, or where a bare
    address touches a span.
    """
    if "`" not in block or HTML_LINE.search(block):
        return ()
    spans: list[Span] = []
    start = 0
    for line in block.split("\n"):
        in_line = _line_spans(line)
        if in_line is None:
            return ()
        spans.extend((start + first, start + last) for first, last in in_line)
        start += len(line) + 1
    return tuple(spans)


def _line_spans(line: str) -> list[Span] | None:
    runs = [(match.start(), match.end()) for match in _RUN.finditer(line)]
    spans: list[Span] = []
    position = after_last = 0
    while match := _ESCAPE_OR_RUN.search(line, position):
        start, position = match.span()
        if line[start] == "\\":
            continue
        end = _closing(runs, position, position - start)
        if end is None or "|" in line[start:end] or _BARE_ADDRESS.search(line, after_last, start):
            return None
        spans.append((start, end))
        position = after_last = end
    return spans


def _closing(runs: list[Span], after: int, length: int) -> int | None:
    # Only the next 64 runs are searched, so that the time per line stays linear.
    first = bisect_right(runs, (after, after))
    candidates = runs[first : first + 64]
    return next((end for start, end in candidates if end - start == length), None)


def outside(spans: tuple[Span, ...]) -> Callable[[int], bool]:
    """A test for positions that are in none of the sorted, disjoint ``spans``."""
    starts = [start for start, _ in spans]

    def is_outside(position: int) -> bool:
        place = bisect_right(starts, position) - 1
        return place < 0 or position >= spans[place][1]

    return is_outside


def sub_outside_code(
    pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], block: str
) -> str:
    """``block`` with ``change`` applied to all matches that do not start in inline code."""
    is_outside = outside(code_spans(block))
    return pattern.sub(
        lambda match: change(match) if is_outside(match.start()) else match.group(), block
    )


def is_escaped(text: str, position: int) -> bool:
    """Whether the character at ``position`` is escaped by a backslash."""
    before = position
    while before and text[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1
