"""Numbered lists of Word: each list has a numbering of its own, which begins at its own number."""

from docx.document import Document
from docx.text.paragraph import Paragraph


def new_numbering(document: Document, style: str, start: int) -> int:
    """A new numbering in the form of the list style ``style`` that begins with ``start``."""
    numberings = document.part.numbering_part.element
    of_style = document.styles[style].element.pPr.numPr.numId.val
    form = numberings.num_having_numId(of_style).abstractNumId.val
    numbering = numberings.add_num(form)
    numbering.add_lvlOverride(ilvl=0).add_startOverride(min(start, 2**31 - 1))
    return int(numbering.numId)


def set_numbering(paragraph: Paragraph, numbering: int) -> None:
    """Make ``paragraph`` an item of a numbering."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = numbering
