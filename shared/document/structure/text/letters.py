"""Reduces text to its letters and digits, by which texts are compared."""

import re

_WORDLESS = re.compile(r"\]\([^()\s]*\)|<[^<>]*>|[^\w<\]]+|[<\]_]")


def letters(text: str) -> str:
    """``text`` reduced to its letters and digits, without tags and addresses."""
    return _WORDLESS.sub("", text)
