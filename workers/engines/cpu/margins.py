"""The margins of a page and how lines in them are compared between pages."""

import re

#: A header's middle is above the first, a footer's below the second, in page heights.
HEADER_ZONE, FOOTER_ZONE = 0.18, 0.80
_DIGITS = re.compile(r"\d+")
_OTHER = re.compile(r"[^\w#]+")


def recurring_key(text: str) -> str:
    """``text`` in a form in which a header is equal on all pages: numbers count as one."""
    return _OTHER.sub(" ", _DIGITS.sub("#", text.casefold())).strip()
