"""Reads and writes the rows of HTML tables as engines write them: plain rows of cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TABLE = re.compile(r"\s*<table[^<>]*>(?P<body>.*)</table>\s*", re.IGNORECASE | re.DOTALL)
_ROW = re.compile(r"<tr[^<>]*>(?P<cells>.*?)</tr>", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(
    r"<(?P<tag>td|th)(?P<attributes>[^<>]*)>(?P<text>.*?)</(?P=tag)>", re.IGNORECASE | re.DOTALL
)
_AROUND_ROWS = re.compile(r"</?(?:thead|tbody)[^<>]*>", re.IGNORECASE)
_NUMBER = re.compile(r"[^\w]*\d[\d.,:/\s  ]*[^\w]*[A-Za-z%°€$£]{0,3}[^\w]*|[-–—.*]+")
_SPAN = re.compile(r"(colspan|rowspan)\s*=\s*[\"']?(\d{1,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell; ``text`` is its HTML."""

    tag: str
    attributes: str
    text: str

    @property
    def is_number(self) -> bool:
        """Whether the cell holds a number and nothing else."""
        return _NUMBER.fullmatch(self.text.strip()) is not None

    @property
    def width(self) -> int:
        """The number of columns that it covers."""
        return _spans(self.attributes).get("colspan", 1)

    @property
    def height(self) -> int:
        """The number of rows that it covers."""
        return _spans(self.attributes).get("rowspan", 1)


TableRow = tuple[TableCell, ...]


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table in which every row has the same number of columns."""

    rows: tuple[TableRow, ...]
    columns: int


def read_rows(text: str) -> TableRows | None:
    """The rows of the only table in ``text``; None where it is not regular."""
    rows = raw_rows(text)
    if rows is None:
        return None
    widths = {sum(cell.width for cell in row) for row in rows if row}
    irregular = len(widths) != 1 or any(cell.height > 1 for row in rows for cell in row)
    return None if irregular else TableRows(rows, widths.pop())


def raw_rows(text: str) -> tuple[TableRow, ...] | None:
    """The rows of the only table in ``text``; None where it holds more than rows and cells."""
    table = _TABLE.fullmatch(text)
    if table is None or "<table" in table["body"].lower():
        return None
    body = _AROUND_ROWS.sub("", table["body"])
    if _ROW.sub("", body).strip():
        return None
    rows = []
    for row in _ROW.finditer(body):
        if _CELL.sub("", row["cells"]).strip():
            return None
        rows.append(
            tuple(TableCell(c["tag"].lower(), c["attributes"], c["text"])
                  for c in _CELL.finditer(row["cells"]))
        )  # fmt: skip
    return tuple(rows)


def write_rows(rows: Sequence[TableRow | str]) -> str:
    """A table of ``rows`` on one line; a string between rows is written as it is."""
    return f"<table>{''.join(map(_row_html, rows))}</table>"


def _row_html(row: TableRow | str) -> str:
    if isinstance(row, str):
        return row
    cells = "".join(f"<{c.tag}{c.attributes}>{c.text}</{c.tag}>" for c in row)
    return f"<tr>{cells}</tr>"


def _spans(attributes: str) -> dict[str, int]:
    return {name.lower(): int(cells) for name, cells in _SPAN.findall(attributes)}
