"""Recognises program code by its monospaced font and keeps its rows and indentation."""

from collections.abc import Sequence
from statistics import median

from workers.engines.cpu.characters import WORD_JOINER
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row

#: Code has more than this part of its characters in a monospaced font.
_LEAST_MONOSPACED = 0.8
#: Code has more than this part of its characters in ASCII; Chinese and Korean fonts are
#: monospaced too.
_LEAST_ASCII = 0.7
#: Largest indentation in characters; a row far to the right gets no more.
_DEEPEST_INDENT = 80


def is_code(draft: Draft) -> bool:
    """Whether nearly all of ``draft`` is ASCII in a monospaced font."""
    monospaced = "".join(line.text for line in draft.lines if line.monospaced)
    ascii_count = sum(map(str.isascii, monospaced))
    all_count = sum(len(line.text) for line in draft.lines)
    return (
        ascii_count > _LEAST_ASCII * len(monospaced)
        and len(monospaced) > _LEAST_MONOSPACED * all_count
    )


def code_text(rows: Sequence[Row]) -> str:
    """``rows`` line by line, indented by spaces of the median character width."""
    left = min(row.box.left for row in rows)
    width = median([row.box.width / len(row.text) for row in rows if row.text]) or 1.0
    return "\n".join(_indent(row, left, width) + row.text.rstrip(WORD_JOINER) for row in rows)


def _indent(row: Row, left: float, width: float) -> str:
    return " " * min(_DEEPEST_INDENT, round((row.box.left - left) / width))
