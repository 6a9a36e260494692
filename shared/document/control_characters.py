"""Removes characters that are unsafe in files and on terminals."""

import re

#: C1 controls and, by their names in Unicode, the marks, embeddings, overrides and isolates that
#: change the direction of text. Right-to-left letters need none of them.
C1_AND_DIRECTION = "\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f{C1_AND_DIRECTION}]")
_LINE_END = re.compile(r"\r\n?|\x85")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ANY = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff{C1_AND_DIRECTION}]")


def strip_control(text: str) -> str:
    """``text`` without control characters, with Unix line ends; surrogates become U+FFFD."""
    # None of these characters is printable, and most texts have no other such character.
    if text.isprintable() or _ANY.search(text) is None:
        return text
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _LINE_END.sub("\n", text)))
