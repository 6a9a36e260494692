"""Normalises line ends and removes control characters and surrounding blank space."""

import re

from shared.document.control_characters import C1_AND_DIRECTION
from shared.document.draft import Draft, per_page

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85]")
_OTHERS = rf"\x7f\ufeff\ud800-\udfff{C1_AND_DIRECTION}"
_CONTROLS = re.compile(rf"[\x00-\x08\x0e-\x1f{_OTHERS}]")
_UNEVEN = re.compile(rf"[\r\x00-\x08\x0b-\x1f{_OTHERS}]")


@per_page
def whitespace(draft: Draft) -> Draft:
    """Clean and trim the text: a page at the left margin ends open blocks of the page before."""
    text = draft.text
    # None of these characters is printable, and a line end is often the only one that is not.
    if not text.replace("\n", "").isprintable() and _UNEVEN.search(text):
        text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return draft.with_text(text.strip())
