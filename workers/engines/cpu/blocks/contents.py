"""Recognises a table of contents by its dotted leaders and writes it as lines."""

import re
from collections.abc import Sequence

from workers.engines.cpu.layout.rows import Row

_LEADER = re.compile(r"\s*(?:[.·…]\s?){4,}\s*")
_ENTRY = re.compile(r"(?:[.·…]\s?){4,}\s*[\divxlcIVXLC-]{0,7}\s*$")
_MOSTLY = 0.5


def is_contents(rows: Sequence[Row]) -> bool:
    """Whether most of ``rows`` end with dots and a page number."""
    entries = [row for row in rows if _ENTRY.search(row.text)]
    return len(entries) > 1 and len(entries) > _MOSTLY * len(rows)


def shortened(text: str) -> str:
    """``text`` with a long leader as three dots."""
    return _LEADER.sub(" ... ", text).strip()
