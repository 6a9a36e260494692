"""Gives every page Unix line ends, no control characters and no blank edges."""

import re

from shared.document.draft import Draft, per_page

_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ud800-\udfff]")
_UNEVEN = re.compile(r"[\r\x00-\x08\x0b-\x1f\x7f\ufeff\ud800-\udfff]")


@per_page
def whitespace(draft: Draft) -> Draft:
    """Trim and clean; a page that begins at the left margin ends what the last one left open."""
    text = draft.text
    if _UNEVEN.search(text):
        text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    return draft.with_text(text.strip())
