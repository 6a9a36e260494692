"""Applies the HTML rules until the blocks of the page do not change any more.

An escaped tag does not begin raw HTML, so the text after it may now be a code fence or no longer be
one. The page is then split again and the rules are repeated.
"""

from shared.document.draft import Draft, per_page
from shared.document.rules.balanced_tags import balanced_tags
from shared.document.rules.code_fences import split, undisputed
from shared.document.rules.neutral_html import neutral_html

ROUNDS = 8


@per_page
def harmless_html(draft: Draft) -> Draft:
    """Escape HTML that is not allowed or not balanced in all blocks that are prose in the end."""
    for _ in range(ROUNDS):
        (changed,) = balanced_tags(neutral_html([draft]))
        if changed.text == draft.text:
            return changed
        draft = changed._replace(pieces=split(undisputed(changed.text)))
    return draft.with_text(draft.text.replace("<", "&lt;"))
