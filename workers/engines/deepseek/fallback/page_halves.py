"""Splits a page into two halves at the row with the least ink, and joins their parsed answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from shared.domain.records.page_result import BBox, Block
from workers.engines.deepseek.generation_request import GenerationRequest
from workers.engines.deepseek.modes import NO_TILES, mode_for
from workers.engines.deepseek.parsed_answer import ParsedAnswer
from workers.engines.deepseek.pixels import GREY, Levels, Picture, Views, make_page

_SCALE = 999
_Request = TypeVar("_Request")
#: The cut is in the middle third of the page.
_FIRST, _LAST = 1 / 3, 2 / 3


@dataclass(frozen=True)
class Half(Generic[_Request]):
    """A request for the part of a page from ``top`` to ``bottom``, both 0 to 1."""

    request: _Request
    top: float
    bottom: float


def halves(request: GenerationRequest) -> list[Half[GenerationRequest]]:
    """Requests for the upper and the lower half; empty for a page of a single pixel row."""
    picture = _picture(request.page)
    height = len(picture)
    if height < 2:
        return []
    cut = quiet_row(picture)
    return [
        Half(_about(request, picture[top:bottom]), top / height, bottom / height)
        for top, bottom in ((0, cut), (cut, height))
    ]


def _picture(page: Picture | Views) -> Levels:
    """The page as rows x columns x channels; built from the tiles, or from the whole view."""
    if isinstance(page, Picture):
        return page.pixels
    if page.grid == NO_TILES:
        return _without_bars(page.whole.transpose(1, 2, 0))
    columns, rows = page.grid
    _, channels, side, _ = page.tiles.shape
    cells = page.tiles.reshape(rows, columns, channels, side, side)
    return cells.transpose(0, 3, 1, 4, 2).reshape(rows * side, columns * side, channels)


def _without_bars(picture: Levels) -> Levels:
    """``picture`` without the grey bars that pad it to a square."""
    inked = (picture != GREY).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not len(rows):
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def quiet_row(picture: Levels) -> int:
    """The row in the middle third with the least contrast; the page has at least two rows."""
    height = len(picture)
    first, last = int(height * _FIRST), max(int(height * _LAST), int(height * _FIRST) + 1)
    contrast = picture[first:last].astype(np.float32).std(axis=(1, 2))
    quiet = np.flatnonzero(contrast <= contrast.min() + 0.5)
    nearest = quiet[np.abs(quiet - len(contrast) / 2).argmin()]
    return max(1, first + int(nearest))


def _about(request: GenerationRequest, picture: Levels) -> GenerationRequest:
    plain = picture if picture.shape[2] == 3 else picture.repeat(3, axis=2)
    image = Image.fromarray(np.ascontiguousarray(plain))
    mode = mode_for(request.options, request.encoder.family)
    return replace(request, page=make_page(image, mode), prepared=None)


def joined(parts: Sequence[tuple[Half[_Request], ParsedAnswer]]) -> ParsedAnswer:
    """One parsed answer for the page, with page boxes and figures numbered across halves."""
    markdown: list[str] = []
    blocks: list[Block] = []
    for half, answer in parts:
        figures = sum(block.type == "image" for block in blocks)
        markdown.append(_renumbered(answer.markdown, figures))
        blocks.extend(_in_page_coordinates(block, half) for block in answer.blocks)
    notes = tuple(note for _, answer in parts for note in answer.notes)
    raw = "\n\n".join(answer.raw for _, answer in parts)
    return ParsedAnswer("\n\n".join(part for part in markdown if part), tuple(blocks), notes, raw)


def _renumbered(markdown: str, before: int) -> str:
    pieces = markdown.split("](figure:")
    for index in range(1, len(pieces)):
        number, closing, rest = pieces[index].partition(")")
        pieces[index] = f"{int(number) + before}{closing}{rest}"
    return "](figure:".join(pieces)


def _in_page_coordinates(block: Block, half: Half[_Request]) -> Block:
    left, top, right, bottom = block.bbox
    box: BBox = (left, _on_page(top, half), right, _on_page(bottom, half))
    return block.model_copy(update={"bbox": box})


def _on_page(value: int, half: Half[_Request]) -> int:
    return min(_SCALE, round((half.top + value / _SCALE * (half.bottom - half.top)) * _SCALE))
