"""Normalises line ends and removes control characters and surrounding blank space."""

import re

from shared.document.draft import Draft, per_page

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_UNEVEN = re.compile(r"[\r\x00-\x08\x0b-\x1f\x7f\ufeff\ud800-\udfff]")


@per_page
def whitespace(draft: Draft) -> Draft:
    """Clean and trim the text: a page at the left margin ends open blocks of the page before."""
    text = draft.text
    if _UNEVEN.search(text):
        text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return draft.with_text(text.strip())
