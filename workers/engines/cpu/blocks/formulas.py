"""Keeps a formula whose letters make no readable row as a picture, with its text as description."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.blocks.formula_parts.fractions import formula_rows
from workers.engines.cpu.blocks.paragraphs import join_rows
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.marks.plain_text import in_plain_text
from workers.engines.cpu.values import bounding_box

#: Letters that fonts of formulas have in the places of others, and letters without a meaning.
_MISREAD = re.compile("[¡-¨ª«®¯´¶¸º-¿\ufffd\ue000-\uf8ff]")
#: What makes a row of its own: a relation.
_RELATION = re.compile("[=<>≤≥≈≠≡∼∝∈⊂→⇒]")
#: A text with at most so many letters beside a formula is a part of it.
_SCRAP = 4
#: It stands at most this far above or below, in line heights.
_NEAR = 0.5
#: The text of a link to a figure has none of these characters.
_IN_LINK = str.maketrans({"[": "(", "]": ")", "<": "&lt;", ">": "&gt;", "`": "'", "\\": "∖"})


def with_pictures_of_formulas(drafts: Sequence[Draft], line_height: float) -> list[Draft]:
    """``drafts`` with such formulas as pictures; scraps of text beside them are parts of them."""
    illegible = [draft for draft in drafts if draft.kind == "equation" and not _is_legible(draft)]
    if not illegible:
        return list(drafts)
    scraps: dict[int, list[Draft]] = {id(draft): [] for draft in illegible}
    for draft in drafts:
        formula = next((each for each in illegible if _is_scrap(draft, each, line_height)), None)
        if formula is not None:
            scraps[id(formula)].append(draft)
    used = {id(scrap) for found in scraps.values() for scrap in found}
    return [
        _picture(draft, scraps[id(draft)]) if id(draft) in scraps else draft
        for draft in drafts
        if id(draft) not in used
    ]


def description(formula: Draft) -> str:
    """The letters of a formula in one line, for the link to its picture.

    The word before them tells the document's rules that no paragraph goes on around the picture.
    """
    rows = [in_plain_text(row.rich_text) for row in formula_rows(formula.lines)]
    return f"formula: {' '.join(join_rows(rows).split())}".translate(_IN_LINK)


def _is_legible(draft: Draft) -> bool:
    """Whether the formula is one row of letters, or several equations below each other."""
    rows = [row.text for row in formula_rows(draft.lines)]
    if any(_MISREAD.search(row) for row in rows):
        return False
    return len(rows) <= 1 or all(_RELATION.search(row) for row in rows)


def _is_scrap(draft: Draft, formula: Draft, line_height: float) -> bool:
    if draft.kind != "text" or len(draft.text.replace(" ", "")) > _SCRAP:
        return False
    near = draft.box.overlap_height(formula.box) >= -_NEAR * line_height
    return near and draft.box.overlap_width(formula.box) > 0


def _picture(formula: Draft, scraps: Sequence[Draft]) -> Draft:
    lines = tuple(line for part in (formula, *scraps) for line in part.lines)
    box = bounding_box([formula.box, *(line.box for line in lines)])
    return replace(formula, kind="image", box=box, lines=lines, is_formula=True)
