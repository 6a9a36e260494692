"""Reads the numbers of headings: decimal numbers, chapters, and the orders of other scripts."""

import re

_DECIMAL = re.compile(r"(?:§\s*|Section\s+)?(\d{1,3}(?:\.\d{1,3}){0,5})\.?(?=\s+\S|[^\W\d_]{2})")
#: Orders of numbering, from the outermost inwards.
_ORDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:part|teil|partie|parte)\s+[\divxlc]+\b|第[一二三四五六七八九十百\d]+[部编篇]",
        r"(?:chapter|kapitel|chapitre|capítulo)\s+[\divxlc]+\b|第[一二三四五六七八九十百\d]+章",
        r"第[一二三四五六七八九十百\d]+节",
        r"[一二三四五六七八九十]{1,3}、",
        r"[（(][一二三四五六七八九十]{1,3}[）)]",
        r"\d{1,2}[．、]",
        r"[（(]\d{1,2}[）)]",
        r"[IVXL]{1,6}\.\s",
        r"[A-Z]\.\s",
    )
)
#: The order "(1)", which stands below plain numbers.
IN_PARENTHESES = 6


def decimal_depth(text: str) -> int:
    """The number of parts of a decimal number at the beginning; 0 without one."""
    match = _DECIMAL.match(text)
    return match[1].count(".") + 1 if match else 0


def order_of(text: str) -> int | None:
    """The place of the numbering of ``text`` among the known orders; None without one."""
    return next((i for i, pattern in enumerate(_ORDERS) if pattern.match(text)), None)
