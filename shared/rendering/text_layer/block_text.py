"""The words of a block as plain text, without the marks of Markdown and HTML."""

import re
from html import unescape
from unicodedata import category, normalize

from shared.document.structure.tables.html_tables import read_rows
from shared.domain.records.page_result import Block

#: Characters of one block that get a place on the page.
MAX_CHARACTERS = 200_000
#: Between the cells of a table row.
CELL = "\t"
_FIGURE = re.compile(r"!\[([^\]\n]{0,1000})\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,2000})\]\((?:https?:|mailto:|#)[^)\s]{0,2000}\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>|<!--.{0,2000}?-->", re.DOTALL)
_LINE_END = re.compile(r"</(?:tr|p|li|h[1-6]|div)>|<br */?>", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]>", re.IGNORECASE)
_LINE_MARK = re.compile(r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+(?=\S))")
_FENCE = re.compile(r"(?m)^[ \t]*(?:```|~~~).*$")
_RULE_ROW = re.compile(r"(?m)^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t:|-]*)?$")
_EMPHASIS = re.compile(r"(\*{1,3}|__|~~|`+)(?=\S)(.{1,5000}?)(?<=\S)\1")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def block_lines(block: Block) -> list[str]:
    """The lines of a block's text; cells of table rows are divided by CELL."""
    text = block.text[:MAX_CHARACTERS]
    if block.type == "table":
        text = _table_text(text)
    elif block.type != "equation" and block.type != "code":
        text = _without_marks(text)
    else:
        text = _FENCE.sub("", text)
    return [line for line in map(_clean, text.split("\n")) if line]


def _table_text(text: str) -> str:
    """One line per row."""
    table = read_rows(text)
    if table is not None:
        rows = (CELL.join(_inline(cell.text) for cell in row) for row in table.rows)
        return "\n".join(rows)
    if "<t" not in text.lower():
        lines = (line.strip().strip("|") for line in _RULE_ROW.sub("", text).split("\n"))
        return "\n".join(CELL.join(map(_inline, line.split("|"))) for line in lines)
    text = text.replace("\n", " ").replace(CELL, " ")
    text = _LINE_END.sub("\n", _CELL_END.sub(CELL, text))
    return unescape(_TAG.sub(" ", text))


def _inline(text: str) -> str:
    return _without_marks(text.replace(CELL, " ").replace("\n", " "))


def _without_marks(text: str) -> str:
    text = _FIGURE.sub(r"\1", _FENCE.sub("", text))
    text = _LINK.sub(r"\1", _LINE_MARK.sub("", text))
    text = _TAG.sub("", _LINE_END.sub("\n", text))
    for _ in range(2):
        text = _EMPHASIS.sub(r"\2", text)
    return unescape(_ESCAPE.sub(r"\1", text))


def _clean(line: str) -> str:
    """``line`` without controls, marks of direction and characters that are none."""
    parts = normalize("NFC", line).split(CELL)
    kept = (
        "".join(c for c in part if category(c) not in ("Cc", "Cf", "Cs", "Cn")) for part in parts
    )
    cells = [" ".join(part.split()) for part in kept]
    return CELL.join(cells) if any(cells) else ""
