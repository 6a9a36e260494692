"""Writes the blocks of the tree into a Word document."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from docx.document import Document as DocumentObject
from docx.oxml import OxmlElement
from docx.shape import InlineShape
from docx.shared import Emu
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from shared.document.exports.figures import Figures
from shared.document.exports.web.html import MISSING_FIGURE
from shared.document.exports.web.html_tables import GridCell, grid_of, row_texts
from shared.document.exports.web.html_tree import BACK_CLASS, NOTES_CLASS, text_of
from shared.document.exports.word.docx_lists import Numberings, set_numbering
from shared.document.exports.word.docx_pictures import Pictures
from shared.document.exports.word.docx_tables import TableRoom, fill_table
from shared.document.exports.word.docx_text import Marks, add_text, marks_inside

#: The styles of lists in the standard template reach so deep.
LIST_LEVELS = 3
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {*_HEADINGS, "p", "div", "ul", "ol", "li", "blockquote", "pre", "table", "hr", "section"}
)
Line = list[Element | str]


@dataclass(frozen=True)
class Container:
    """Where blocks are added: python-docx searches all blocks for the end, which is quadratic."""

    #: The parent of objects of python-docx.
    owner: Any
    append: Callable[[Any], None]

    @classmethod
    def of_document(cls, document: Any) -> "Container":
        """The end of the document, before its page settings."""
        return cls(document, document.element.body.sectPr.addprevious)

    @classmethod
    def of_cell(cls, cell: Any) -> "Container":
        """The end of a cell of a table."""
        return cls(cell, cell._tc.append)

    def paragraph(self) -> Paragraph:
        """A new paragraph."""
        element = OxmlElement("w:p")
        self.append(element)
        return Paragraph(element, self.owner)


@dataclass
class Styles:
    """The style of the next paragraph; the first one of an item differs from the others."""

    first: str | None = None
    others: str | None = None
    #: The numbering of the first paragraph.
    numbering: int | None = None
    #: The nesting of lists.
    depth: int = 0

    def take(self) -> tuple[str | None, int | None]:
        """Style and numbering of the next paragraph."""
        style, numbering = self.first, self.numbering
        self.first, self.numbering = self.others, None
        return style, numbering


class BlockWriter:
    """Adds elements to a document."""

    def __init__(self, document: DocumentObject, figures: Figures) -> None:
        self._document = document
        self._figures = figures
        self._has_title = False
        self._style_ids: dict[str, str] = {}
        self._room = TableRoom()
        self._numberings = Numberings(document)
        self._pictures = Pictures(document)
        section = document.sections[0]
        self._width = (
            (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
        )

    def write(self, body: Element) -> None:
        """Write all children of ``body``."""
        self._children(body, Container.of_document(self._document), Marks(), Styles())

    def _children(self, parent: Element, into: Container, marks: Marks, styles: Styles) -> None:
        """Blocks as blocks; the text between them as paragraphs."""
        line: Line = [parent.text or ""]
        for child in parent:
            if child.tag in _BLOCKS:
                self._paragraph(line, into, marks, styles)
                self._block(child, into, marks, styles)
                line = []
            else:
                line.append(child)
            line.append(child.tail or "")
        self._paragraph(line, into, marks, styles)

    def _block(self, block: Element, into: Container, marks: Marks, styles: Styles) -> None:
        if block.tag in _HEADINGS:
            self._children(block, into, marks, Styles(self._heading(block.tag)))
        elif block.tag in ("ul", "ol"):
            self._list(block, into, marks, styles.depth + 1)
        elif block.tag == "table":
            self._table(block, into, marks)
        elif block.tag == "pre":
            paragraph = self._new(into, Styles("No Spacing"))
            add_text(paragraph, text_of(block).rstrip("\n"), Marks(code=True))
        elif block.tag == "blockquote":
            self._children(block, into, marks, Styles("Quote", "Quote", None, styles.depth))
        elif block.get("class") == NOTES_CLASS:
            self._notes(block, into)
        elif block.tag != "hr":
            self._children(block, into, marks, styles)

    def _heading(self, tag: str) -> str:
        is_title = tag == "h1" and not self._has_title
        self._has_title = self._has_title or is_title
        return "Title" if is_title else f"Heading {_HEADINGS[tag]}"

    def _paragraph(self, line: Line, into: Container, marks: Marks, styles: Styles) -> None:
        if not any(map(_shows, line)):
            return
        paragraph = self._new(into, styles)
        for part in _trimmed(line):
            if isinstance(part, str):
                add_text(paragraph, part, marks)
            else:
                self._inline(part, paragraph, marks)

    def _new(self, into: Container, styles: Styles) -> Paragraph:
        paragraph = into.paragraph()
        style, numbering = styles.take()
        if style is not None:
            # By its id: python-docx searches all styles for a name, which takes milliseconds.
            if style not in self._style_ids:
                self._style_ids[style] = self._document.styles[style].style_id
            paragraph._p.style = self._style_ids[style]
        if numbering is not None:
            set_numbering(paragraph, numbering)
        return paragraph

    def _inline(self, element: Element, paragraph: Paragraph, marks: Marks) -> None:
        if element.tag == "br":
            paragraph.add_run().add_break()
        elif element.tag == "img":
            self._figure(element, paragraph)
        elif element.get("class") != BACK_CLASS:
            inner = marks_inside(marks, element)
            add_text(paragraph, element.text or "", inner)
            for child in element:
                self._inline(child, paragraph, inner)
                add_text(paragraph, child.tail or "", inner)

    def _figure(self, image: Element, paragraph: Paragraph) -> None:
        name = (image.get("src") or "").rpartition("/")[2]
        try:
            if not self._pictures.knows(name):
                self._pictures.store(name, self._figures.get(name) or b"")
            inline = self._pictures.inline(name)
            paragraph.add_run()._r.add_drawing(inline)
            shape = InlineShape(inline)
            if shape.width > self._width:
                shape.height = Emu(max(1, round(shape.height * self._width / shape.width)))
                shape.width = Emu(self._width)
        except Exception:  # a missing or damaged picture; the store is untrusted
            add_text(paragraph, image.get("alt") or MISSING_FIGURE, Marks(italic=True))

    def _list(self, block: Element, into: Container, marks: Marks, depth: int) -> None:
        kind = "List Number" if block.tag == "ol" else "List Bullet"
        start = block.get("start", "1")
        numbering = (
            self._numberings.new(_of_level(kind, depth), int(start)) if block.tag == "ol" else None
        )
        for item in block.findall("li"):
            styles = Styles(
                _of_level(kind, depth), _of_level("List Continue", depth), numbering, depth
            )
            self._children(item, into, marks, styles)

    def _table(self, block: Element, into: Container, marks: Marks) -> None:
        for caption in block.findall("caption"):
            self._children(caption, into, marks, Styles("Caption"))
        grid = grid_of(block)
        if not grid.cells:
            return
        if not self._room.take(grid):
            for text in row_texts(grid):
                self._paragraph([text], into, marks, Styles("No Spacing"))
            return
        for cell, element in fill_table(grid, self._width, into.append):
            self._cell(cell, _Cell(element, into.owner), marks)

    def _cell(self, cell: GridCell, target: _Cell, marks: Marks) -> None:
        marks = marks.in_bold() if cell.is_header else marks
        empty = target._tc.p_lst[0]
        into = Container.of_cell(target)
        self._children(cell.element, into, marks, Styles())
        if target._tc[-1].tag != empty.tag:
            into.paragraph()  # a cell must end with a paragraph
        if len(target._tc.p_lst) > 1:
            target._tc.remove(empty)

    def _notes(self, section: Element, into: Container) -> None:
        """The notes, each after the mark that it has in the text."""
        self._paragraph(["Notes"], into, Marks(), Styles("Heading 1"))
        for number, item in enumerate(section.iter("li"), start=1):
            first = item.find("p")
            target = item if first is None else first
            _remove_way_back(item)
            target.text = f"[{number}] {(target.text or '').lstrip()}"
            self._children(item, into, Marks(), Styles())


def _remove_way_back(item: Element) -> None:
    """Remove the link from a note to its mark, with the space before it."""
    for parent in list(item.iter()):
        for link in [child for child in parent if child.get("class") == BACK_CLASS]:
            if parent[0] is link:
                parent.text = (parent.text or "").rstrip()
            parent.remove(link)


def _of_level(style: str, depth: int) -> str:
    level = min(depth, LIST_LEVELS)
    return style if level == 1 else f"{style} {level}"


def _shows(part: Element | str) -> bool:
    if isinstance(part, str):
        return bool(part.strip())
    return any(each.tag == "img" for each in part.iter()) or bool(text_of(part).strip())


def _trimmed(line: Line) -> Iterator[Element | str]:
    """``line`` without blank space at both ends."""
    last = len(line) - 1
    for index, part in enumerate(line):
        if isinstance(part, str):
            part = part.lstrip() if index == 0 else part
            part = part.rstrip() if index == last else part
        yield part
