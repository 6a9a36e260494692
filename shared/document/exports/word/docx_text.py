"""Writes text with its marks into a paragraph of a Word document."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph
from docx.text.run import Run

CODE_FONT = "Courier New"
_SPACE = re.compile(r"[ \t\r\n]+")
_MARK_OF_TAG = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "s": "strike", "del": "strike",
    "sup": "superscript", "sub": "subscript", "code": "code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Marks:
    """How a text is written."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    superscript: bool = False
    subscript: bool = False
    code: bool = False
    #: The address of a link to the web or to mail.
    link: str = ""

    def in_bold(self) -> "Marks":
        """These marks in bold."""
        return replace(self, bold=True)


def marks_inside(marks: Marks, element: Element) -> Marks:
    """The marks of the text inside ``element``."""
    if element.tag == "a":
        address = element.get("href", "")
        return marks if address.startswith("#") else replace(marks, link=address)
    on: dict[str, Any] = {_MARK_OF_TAG[element.tag]: True} if element.tag in _MARK_OF_TAG else {}
    return replace(marks, **on)


def add_text(paragraph: Paragraph, text: str, marks: Marks) -> None:
    """Add ``text``; blank space is one space, as in HTML, except in code."""
    text = text if marks.code else _SPACE.sub(" ", text)
    if not text:
        return
    run = paragraph.add_run(text)
    _format(run, marks)
    if marks.link:
        _link(paragraph, run, marks.link)


def _format(run: Run, marks: Marks) -> None:
    font = run.font
    # Only what is set: None leaves the style of the paragraph as it is.
    font.bold = marks.bold or None
    font.italic = marks.italic or None
    font.strike = marks.strike or None
    font.superscript = marks.superscript or None
    font.subscript = marks.subscript or None
    if marks.code:
        font.name = CODE_FONT


def _link(paragraph: Paragraph, run: Run, address: str) -> None:
    """Move ``run`` into a link; python-docx reads links and cannot write them."""
    # A relation id from the hash: python-docx would search all links for an equal address.
    relation = f"link-{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    relations = paragraph.part.rels
    if relation not in relations:
        relations.add_relationship(RELATIONSHIP_TYPE.HYPERLINK, address, relation, is_external=True)
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), relation)
    run._r.addprevious(link)
    link.append(run._r)
    run.font.underline = True
