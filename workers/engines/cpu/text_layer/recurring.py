"""Looks at the pages around a page for lines that recur in their margins."""

from collections import Counter

import pymupdf

from workers.engines.cpu.margins import FOOTER_ZONE, HEADER_ZONE, recurring_key
from workers.engines.cpu.text_layer.raw_lines import margin_texts

#: Pages before and after the page that are compared; headers often differ on left and right pages.
_NEAR = 2
#: A page with more lines in its margins is body text at its edges.
_MOST_LINES = 60


def recurring_lines(document: pymupdf.Document, number: int) -> Counter[str]:
    """How many of the pages near page ``number`` (1-based) have each line in their margins.

    Keys are those of ``recurring_key``; empty for a document of one page.
    """
    counts: Counter[str] = Counter()
    for other in _near_pages(number, len(document)):
        texts = margin_texts(document[other - 1], HEADER_ZONE, FOOTER_ZONE)[:_MOST_LINES]
        counts.update({key for key in map(recurring_key, texts) if key})
    return counts


def _near_pages(number: int, count: int) -> list[int]:
    first = max(1, min(number - _NEAR, count - 2 * _NEAR))
    last = min(count, max(number + _NEAR, 1 + 2 * _NEAR))
    return [page for page in range(first, last + 1) if page != number]
