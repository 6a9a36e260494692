"""Writes text with marks for outputs without markup."""

import re

from workers.engines.cpu.marks.signs import RAISED, SHIFTED, without_marks


def in_plain_text(text: str) -> str:
    """``text`` for an output without markup; raised and lowered runs as ``^(...)``, ``_(...)``."""
    return without_marks(SHIFTED.sub(_plain_run, text))


def _plain_run(match: re.Match[str]) -> str:
    sign = "^" if match.group(1) == RAISED else "_"
    text = match.group(2)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
