"""Reads an HTML table as the tree of rows and cells that TEDS compares.

As in OmniDocBench, header cells count as cells, and head, body and caption are left out.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from producer.evaluation.normal_text import normal_text

MAX_SPAN = 1000


@dataclass
class TableNode:
    """The table, a row ("tr") or a cell ("td") with its text."""

    tag: str
    colspan: int = 1
    rowspan: int = 1
    content: str = ""
    children: "list[TableNode]" = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of nodes of the tree."""
        return 1 + sum(child.size for child in self.children)

    @property
    def text(self) -> str:
        """The text of all cells."""
        cells = [cell.content for row in self.children for cell in row.children]
        return " ".join(cell for cell in cells if cell)


def table_tree(html: str) -> TableNode:
    """The first table of ``html``; the text of an inner table is text of its cell."""
    parser = _TableParser()
    parser.feed(html)
    parser.close()
    parser.end_cell()
    return parser.table


class _TableParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.table = TableNode("table")
        self._depth = 0
        self._cell: TableNode | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._depth += 1
        elif self._depth == 1 and tag == "tr":
            self.end_cell()
            self.table.children.append(TableNode("tr"))
        elif self._depth == 1 and tag in ("td", "th"):
            self._begin_cell(dict(attrs))
        elif tag in ("br", "p", "td", "th"):
            self._words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._depth == 1 and tag in ("td", "th", "tr", "table"):
            self.end_cell()
        if tag == "table":
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def _begin_cell(self, attributes: dict[str, str | None]) -> None:
        self.end_cell()
        if not self.table.children:
            self.table.children.append(TableNode("tr"))
        spans = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
        self._cell, self._words = TableNode("td", *spans), []
        self.table.children[-1].children.append(self._cell)

    def end_cell(self) -> None:
        """Give the text since the last cell's begin to this cell."""
        if self._cell is not None:
            self._cell.content = normal_text("".join(self._words))
        self._cell, self._words = None, []


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    known = digits.isascii() and digits.isdigit() and len(digits) <= 4
    return min(MAX_SPAN, max(1, int(digits))) if known else 1
