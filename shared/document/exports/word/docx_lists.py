"""Numbered lists of Word: each list has a numbering of its own, which begins at its own number."""

from docx.document import Document
from docx.oxml.numbering import CT_Num
from docx.text.paragraph import Paragraph


class Numberings:
    """The numberings of a document; python-docx looks at all of them for each new one."""

    def __init__(self, document: Document) -> None:
        self._styles = document.styles
        self._element = document.part.numbering_part.element
        self._last = max((each.numId for each in self._element.num_lst), default=0)
        #: The form of the numbers by list style.
        self._forms: dict[str, int] = {}

    def new(self, style: str, start: int) -> int:
        """A new numbering in the form of the list style ``style`` that begins with ``start``."""
        if style not in self._forms:
            of_style = self._styles[style].element.pPr.numPr.numId.val
            self._forms[style] = self._element.num_having_numId(of_style).abstractNumId.val
        self._last += 1
        numbering = CT_Num.new(self._last, self._forms[style])
        numbering.add_lvlOverride(ilvl=0).add_startOverride(min(start, 2**31 - 1))
        self._element.append(numbering)
        return self._last


def set_numbering(paragraph: Paragraph, numbering: int) -> None:
    """Make ``paragraph`` an item of a numbering."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = numbering
