"""Recognises a table of contents by its dot leaders and shortens them."""

import re
from collections.abc import Sequence

from workers.engines.cpu.layout.rows import Row

_LEADER = re.compile(r"\s*(?:[.·…]\s?){4,}\s*")
_ENTRY = re.compile(r"(?:[.·…]\s?){4,}\s*[\divxlcIVXLC-]{0,7}\s*$")
#: A table of contents has more than this part of its rows with leaders.
_LEAST_ENTRIES = 0.5


def is_table_of_contents(rows: Sequence[Row]) -> bool:
    """Whether most of ``rows`` end with a dot leader and a page number."""
    entries = [row for row in rows if _ENTRY.search(row.text)]
    return len(entries) > 1 and len(entries) > _LEAST_ENTRIES * len(rows)


def shorten_leaders(text: str) -> str:
    """``text`` with every dot leader replaced by three dots."""
    return _LEADER.sub(" ... ", text).strip()
