"""Page lists: 1-based, written as "1-3,7" on command lines and in manifests."""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress

from shared.domain.errors import PageRangeError, UsageError

PageRange = tuple[int, int]
#: Above every page count; page numbers have at most nine digits.
_MANY_PAGES = 10**9
_PART = re.compile(r"(\d{1,9})?(-)?(\d{1,9})?", re.ASCII)


def parse_ranges(text: str, page_count: int | None = None) -> tuple[PageRange, ...]:
    """Sorted, merged, inclusive ranges from "1-3,7", "5-" or "-2".

    Raises UsageError for bad syntax and PageRangeError for pages outside 1..page_count.
    """
    spans = [_parse_part(part.strip(), page_count) for part in text.split(",")]
    for first, last in spans:
        if first < 1 or (page_count is not None and last > page_count):
            limit = "" if page_count is None else f"; the document has {page_count}"
            raise PageRangeError(f"page range {text!r} is outside the document{limit}")
    return merge(spans)


def selected(pages: str | None, page_count: int) -> tuple[PageRange, ...]:
    """The page ranges that ``pages``, a page list or None for all, selects of a document."""
    return ((1, page_count),) if pages is None else parse_ranges(pages, page_count)


def check_ranges(text: str) -> None:
    """Raise UsageError where ``text`` is a page list of no possible document."""
    with suppress(PageRangeError):
        parse_ranges(text, _MANY_PAGES)


def _parse_part(part: str, page_count: int | None) -> PageRange:
    match = _PART.fullmatch(part)
    if not part or part == "-" or match is None:
        raise UsageError(f"bad page range {part!r}; write for example 1-3,7")
    left, dash, right = match.groups()
    first = int(left) if left else 1
    last = int(right) if right else (page_count or first if dash else first)
    if dash and not right and page_count is None:
        raise UsageError(f"open page range {part!r} needs a document")
    if last < first:
        if dash and not right:
            raise PageRangeError(f"page range {part!r} is outside the document")
        raise UsageError(f"bad page range {part!r}: it ends before it begins")
    return first, last


def merge(spans: Iterable[PageRange]) -> tuple[PageRange, ...]:
    """Sorted ranges without overlaps or touching neighbours."""
    merged: list[PageRange] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def format_ranges(ranges: Iterable[PageRange]) -> str:
    """The canonical text of ``ranges``, for example "1-3,7"."""
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def expand(ranges: Iterable[PageRange]) -> Iterator[int]:
    """Every page number, in order."""
    for first, last in ranges:
        yield from range(first, last + 1)


def count(ranges: Iterable[PageRange]) -> int:
    """Number of pages in ``ranges``."""
    return sum(last - first + 1 for first, last in ranges)


def without(ranges: Iterable[PageRange], numbers: Iterable[int]) -> tuple[PageRange, ...]:
    """``ranges``, sorted, without ``numbers``; takes time by how many these are, not by pages."""
    taken, rest = sorted(numbers), list[PageRange]()
    for first, last in ranges:
        start = first
        for number in taken[bisect_left(taken, first) : bisect_right(taken, last)]:
            if start < number:
                rest.append((start, number - 1))
            start = number + 1
        if start <= last:
            rest.append((start, last))
    return tuple(rest)


def from_numbers(numbers: Iterable[int]) -> tuple[PageRange, ...]:
    """The ranges that contain exactly ``numbers``."""
    return merge((number, number) for number in numbers)


def parse_page_set(value: object) -> object:
    """The page numbers of a setting; accepts "3,5-7", "[3, 5]" or a list."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return frozenset()
    if value.lstrip().startswith("["):
        return json.loads(value)
    try:
        return frozenset(expand(parse_ranges(value)))
    except (UsageError, PageRangeError) as error:
        raise ValueError(str(error)) from None
