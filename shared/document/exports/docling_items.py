"""Adds the blocks of a document to a DoclingDocument."""

import base64
import re
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from docling_core.types.doc import (
    BoundingBox,
    ContentLayer,
    CoordOrigin,
    DocItemLabel,
    DoclingDocument,
    ImageRef,
    ProvenanceItem,
    Size,
    TableCell,
    TableData,
)

from shared.document.exports.blocks import ExportBlock
from shared.document.exports.figures import Figures
from shared.document.exports.web.html_tables import Grid, grid_of, header_rows, row_texts
from shared.document.exports.web.html_tree import text_of, tree_of
from shared.document.structure.units import Place, UnitKind

_BOX_SCALE = 999
#: Places of the grids of one table and of a document: docling writes each place, also the empty
#: ones, and loads no file with five times as many. The text of further tables is kept.
MAX_CELLS, MAX_CELLS_OF_DOCUMENT = 200_000, 1_000_000
_LABELS: dict[UnitKind, Any] = {
    "footnote": DocItemLabel.FOOTNOTE,
    "table_footnote": DocItemLabel.FOOTNOTE,
    "image_caption": DocItemLabel.CAPTION,
    "table_caption": DocItemLabel.CAPTION,
    "furniture": DocItemLabel.PAGE_HEADER,
}
_OWNERS: dict[UnitKind, UnitKind] = {"image_caption": "figure", "table_caption": "table"}
_DEFINITION = re.compile(r"(\[\^\d+\]):")
_FORMULA_MARKS = re.compile(r"\A\s*(?:\\\[|\$\$)|(?:\\\]|\$\$)\s*\Z")


@dataclass
class _OpenList:
    level: int
    is_numbered: bool
    group: Any
    #: Its last item, under which deeper lists stand.
    item: Any = None

    def goes_before(self, level: int, is_numbered: bool) -> bool:
        """Whether it has ended where an item of that kind comes."""
        return self.level > level or (self.level == level and self.is_numbered != is_numbered)


class ItemWriter:
    """Adds blocks in the order of the document."""

    def __init__(
        self, document: DoclingDocument, sizes: Mapping[int, tuple[int, int]], figures: Figures
    ) -> None:
        self._document = document
        self._sizes = sizes
        self._figures = figures
        #: Open lists with their levels, innermost last, and the last item of each.
        self._lists: list[_OpenList] = []
        self._title: ExportBlock | None = None
        self._cells_left = MAX_CELLS_OF_DOCUMENT
        self._shown: set[str] = set()

    def write(self, document: Sequence[ExportBlock]) -> None:
        """Add all blocks; a caption belongs to the figure or table beside it."""
        titles = [block for block in document if block.kind == "heading" and block.level == 1]
        self._title = titles[0] if len(titles) == 1 else None
        blocks = deque(document)
        while blocks:
            block = blocks.popleft()
            following = blocks[0].kind if blocks else None
            if _OWNERS.get(block.kind, "") == following:
                self._own(blocks.popleft(), self._text(block, DocItemLabel.CAPTION))
            elif block.kind not in _OWNERS.values():
                self._block(block)
            elif following is not None and _OWNERS.get(following) == block.kind:
                self._own(block, self._text(blocks.popleft(), DocItemLabel.CAPTION))
            else:
                self._own(block, None)

    def _block(self, block: ExportBlock) -> None:
        if block.kind == "item":
            self._item(block)
            return
        if not (block.kind == "text" and block.level):
            self._lists.clear()
        if block.kind == "heading":
            self._heading(block)
        elif block.kind == "code":
            item = self._document.add_code(_plain(block).rstrip("\n"), orig=block.text)
            self._place(item, block.places)
        elif block.kind == "equation":
            formula = _FORMULA_MARKS.sub("", block.text).strip()
            self._place(self._document.add_formula(formula, orig=block.text), block.places)
        elif block.kind in _LABELS:
            self._text(block, _LABELS[block.kind])
        else:
            self._free(block)

    def _heading(self, block: ExportBlock) -> None:
        text = _line(block)
        if block is self._title:
            item = self._document.add_title(text, orig=block.text)
        else:
            # Under a title, docling counts the levels of sections from 1.
            level = max(1, block.level - (self._title is not None))
            item = self._document.add_heading(text, orig=block.text, level=level)
        self._place(item, block.places)

    def _text(self, block: ExportBlock, label: Any) -> Any:
        layer = ContentLayer.FURNITURE if block.kind == "furniture" else None
        item = self._document.add_text(label, _line(block), orig=block.text, content_layer=layer)
        self._place(item, block.places)
        return item

    def _item(self, block: ExportBlock) -> None:
        is_numbered = block.marker[:1].isdigit()
        while self._lists and self._lists[-1].goes_before(block.level, is_numbered):
            self._lists.pop()
        if not self._lists or self._lists[-1].level < block.level:
            parent = self._lists[-1].item if self._lists else None
            group = self._document.add_list_group(parent=parent)
            self._lists.append(_OpenList(block.level, is_numbered, group))
        current = self._lists[-1]
        current.item = self._document.add_list_item(
            _line(block), is_numbered, block.marker, orig=block.text, parent=current.group
        )
        self._place(current.item, block.places)

    def _own(self, block: ExportBlock, caption: Any) -> None:
        """A figure or table with its caption."""
        self._lists.clear()
        tree = tree_of(block.text)
        for image in tree.iter("img"):
            self._picture(image, block, caption)
            caption = None
        table = tree.find("table")
        if table is not None:
            self._table(table, block, caption)
        elif block.kind == "table":
            self._free(block)

    def _picture(self, image: Element, block: ExportBlock, caption: Any) -> None:
        address = image.get("src", "")
        # A figure that is named again has its picture only once, or a short text could fill a disk.
        data = None if address in self._shown else self._figures.get(address)
        self._shown.add(address)
        item = self._document.add_picture(image=_image(data), caption=caption)
        self._place(item, block.places)

    def _table(self, table: Element, block: ExportBlock, caption: Any) -> None:
        grid = grid_of(table)
        places = grid.rows * grid.columns
        if places > min(MAX_CELLS, self._cells_left):
            self._rows(grid, block, caption)
            return
        self._cells_left -= places
        heads = header_rows(grid)
        cells = [
            TableCell(
                text=" ".join(text_of(cell.element).split()),
                row_span=cell.height,
                col_span=cell.width,
                start_row_offset_idx=cell.row,
                end_row_offset_idx=cell.row + cell.height,
                start_col_offset_idx=cell.column,
                end_col_offset_idx=cell.column + cell.width,
                column_header=cell.row < heads,
                row_header=cell.is_header and cell.row >= heads,
            )
            for cell in grid.cells
        ]
        data = TableData(num_rows=grid.rows, num_cols=grid.columns, table_cells=cells)
        self._place(self._document.add_table(data, caption=caption), block.places)

    def _rows(self, grid: Grid, block: ExportBlock, caption: Any) -> None:
        """A table that is too large, as one text for each row."""
        if caption is not None:
            caption.label = DocItemLabel.TEXT  # a caption belongs to a figure or table
        for text in row_texts(grid):
            item = self._document.add_text(DocItemLabel.TEXT, " ".join(text.split()))
            self._place(item, block.places)

    def _free(self, block: ExportBlock) -> None:
        """Other text: each element of it by its kind."""
        tree = tree_of(block.text)
        for table in tree.findall("table"):
            self._table(table, block, None)
            table.clear()
        for image in tree.iter("img"):
            self._picture(image, block, None)
        text = " ".join(text_of(tree).split())
        if text:
            item = self._document.add_text(DocItemLabel.TEXT, text, orig=block.text)
            self._place(item, block.places)

    def _place(self, item: Any, places: Sequence[Place]) -> None:
        """Pages and boxes of ``item``; the characters are those of all its places."""
        length = len(getattr(item, "text", ""))
        for place in places:
            width, height = self._sizes[place.page]
            left, top, right, bottom = place.box or (0, 0, 0, 0)
            box = BoundingBox(
                l=round(left * width / _BOX_SCALE, 2),
                t=round(top * height / _BOX_SCALE, 2),
                r=round(right * width / _BOX_SCALE, 2),
                b=round(bottom * height / _BOX_SCALE, 2),
                coord_origin=CoordOrigin.TOPLEFT,
            )
            item.prov.append(ProvenanceItem(page_no=place.page, bbox=box, charspan=(0, length)))


def _plain(block: ExportBlock) -> str:
    """The text of a block without marks of Markdown."""
    return text_of(tree_of(_DEFINITION.sub(r"\1", block.text, count=1)))


def _line(block: ExportBlock) -> str:
    return " ".join(_plain(block).split())


def _image(data: bytes | None) -> ImageRef | None:
    if data is None or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    address = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return ImageRef(
        mimetype="image/png", dpi=72, size=Size(width=width, height=height), uri=address
    )
