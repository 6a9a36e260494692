"""Moves an HTML table that is within a line of text into its own block."""

import re

from shared.document.code_spans import sub_outside_code
from shared.document.draft import Draft, Piece, per_page
from shared.document.rules.code_fences import split

_TABLE = re.compile(r"<table[^<>\n]*>(?:(?!<table\b).)*?</table>", re.IGNORECASE)
_CONTAINER = re.compile(r"[ \t>*+.)\-0-9]*")


@per_page
def table_blocks(draft: Draft) -> Draft:
    """Separate every table from the text before and after it on its line."""
    text = "".join(map(_apart, draft.pieces))
    return draft if text == draft.text else draft._replace(pieces=split(text))


def _apart(piece: Piece) -> str:
    if piece.kind == "fence" or "<" not in piece.text:
        return piece.text
    return sub_outside_code(_TABLE, _set_apart, piece.text)


def _set_apart(match: re.Match[str]) -> str:
    text = match.string
    before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    after = text[match.end() :].partition("\n")[0]
    # In a list or quotation a blank line would move the table out of it.
    if not before or _CONTAINER.match(before[:1]).end():  # type: ignore[union-attr]
        return match.group()
    return f"\n\n{match.group()}" + ("\n\n" if after.strip() else "")
