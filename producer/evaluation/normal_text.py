"""Removes differences that are no errors of reading before texts are compared."""

import re
import unicodedata

_LATEX_NOISE = re.compile(
    r"\\(?:left|right|big|Big|bigg|Bigg|displaystyle|textstyle|quad|qquad|,|;|:|!|\s)(?![a-zA-Z])"
    r"|\\(?:tag|label)\*?\{[^{}]*\}|\s+|~"
)


def normal_text(text: str) -> str:
    """``text`` in NFKC with each run of white space as one space."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def normal_formula(latex: str) -> str:
    """``latex`` without white space, sizes of brackets, tags and labels."""
    return _LATEX_NOISE.sub("", unicodedata.normalize("NFKC", latex)).strip(".,;")
