"""Applies the rules on HTML until no block changes its nature any more.

An escaped tag begins no raw HTML, so what followed it may now be a code fence, or no longer
be one; then the page is cut anew and looked at again.
"""

from dataclasses import replace

from shared.document.draft import Draft, per_page
from shared.document.rules.balanced_tags import balanced_tags
from shared.document.rules.code_fences import split
from shared.document.rules.neutral_html import neutral_html

ROUNDS = 8


@per_page
def harmless_html(draft: Draft) -> Draft:
    """Escape what is not allowed or not balanced, wherever the final blocks are prose."""
    for _ in range(ROUNDS):
        (changed,) = balanced_tags(neutral_html([draft]))
        if changed.text == draft.text:
            return changed
        draft = replace(changed, pieces=split(changed.text))
    return draft.with_text(draft.text.replace("<", "&lt;"))
