"""A page in two halves: cut where there is least ink, read apart, and put together again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from shared.domain.records import BBox, Block
from workers.engines.deepseek.answers import Answer
from workers.engines.deepseek.generation_request import Question
from workers.engines.deepseek.modes import NO_TILES, mode_for
from workers.engines.deepseek.pixels import GREY, Levels, Picture, Views, make_page

_SCALE = 999
_Question = TypeVar("_Question")
#: The cut lies in the middle third of the page.
_FIRST, _LAST = 1 / 3, 2 / 3


@dataclass(frozen=True)
class Half(Generic[_Question]):
    """A part of a page: from ``top`` to ``bottom``, both 0 to 1."""

    question: _Question
    top: float
    bottom: float


def halves(question: Question) -> list[Half[Question]]:
    """The upper and the lower half of the page that ``question`` is about.

    None of a page that is a single row.
    """
    picture = _picture(question.page)
    height = len(picture)
    if height < 2:
        return []
    cut = quiet_row(picture)
    return [
        Half(_about(question, picture[top:bottom]), top / height, bottom / height)
        for top, bottom in ((0, cut), (cut, height))
    ]


def _picture(page: Picture | Views) -> Levels:
    """The page as rows x columns x channels; of views the tiles, or the whole view."""
    if isinstance(page, Picture):
        return page.pixels
    if page.grid == NO_TILES:
        return _without_bars(page.whole.transpose(1, 2, 0))
    columns, rows = page.grid
    _, channels, side, _ = page.tiles.shape
    cells = page.tiles.reshape(rows, columns, channels, side, side)
    return cells.transpose(0, 3, 1, 4, 2).reshape(rows * side, columns * side, channels)


def _without_bars(picture: Levels) -> Levels:
    """``picture`` without the grey bars that fill it up to a square."""
    inked = (picture != GREY).any(axis=2)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not len(rows):
        return picture
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def quiet_row(picture: Levels) -> int:
    """The row in the middle of the page, which has two at least, where the pixels differ least."""
    height = len(picture)
    first, last = int(height * _FIRST), max(int(height * _LAST), int(height * _FIRST) + 1)
    unrest = picture[first:last].astype(np.float32).std(axis=(1, 2))
    quiet = np.flatnonzero(unrest <= unrest.min() + 0.5)
    nearest = quiet[np.abs(quiet - len(unrest) / 2).argmin()]
    return max(1, first + int(nearest))


def _about(question: Question, picture: Levels) -> Question:
    plain = picture if picture.shape[2] == 3 else picture.repeat(3, axis=2)
    image = Image.fromarray(np.ascontiguousarray(plain))
    mode = mode_for(question.options, question.family)
    return replace(question, page=make_page(image, mode), prepared=None)


def joined(parts: Sequence[tuple[Half[_Question], Answer]]) -> Answer:
    """One answer for the page; boxes are of the page, figures are numbered through."""
    markdown: list[str] = []
    blocks: list[Block] = []
    for half, answer in parts:
        figures = sum(block.type == "image" for block in blocks)
        markdown.append(_renumbered(answer.markdown, figures))
        blocks.extend(_moved(block, half) for block in answer.blocks)
    notes = tuple(note for _, answer in parts for note in answer.notes)
    return Answer("\n\n".join(part for part in markdown if part), tuple(blocks), notes)


def _renumbered(markdown: str, before: int) -> str:
    pieces = markdown.split("](figure:")
    for place in range(1, len(pieces)):
        number, closing, rest = pieces[place].partition(")")
        pieces[place] = f"{int(number) + before}{closing}{rest}"
    return "](figure:".join(pieces)


def _moved(block: Block, half: Half[_Question]) -> Block:
    left, top, right, bottom = block.bbox
    box: BBox = (left, _on_page(top, half), right, _on_page(bottom, half))
    return block.model_copy(update={"bbox": box})


def _on_page(value: int, half: Half[_Question]) -> int:
    return min(_SCALE, round((half.top + value / _SCALE * (half.bottom - half.top)) * _SCALE))
