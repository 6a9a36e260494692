"""Removes letters that the models read into other marks."""

from collections.abc import Sequence

from workers.engines.cpu.ocr.stray_accents import without_stray_accents
from workers.engines.cpu.ocr.stray_cjk import without_stray_ideographs
from workers.engines.cpu.values import Line


def without_stray_letters(lines: Sequence[Line]) -> tuple[Line, ...]:
    """``lines`` without stray ideographs and accents; slanted lines come first, unchanged."""
    slanted = [line for line in lines if line.slanted]
    others = [line for line in lines if not line.slanted]
    return (*slanted, *without_stray_accents(without_stray_ideographs(others)))
