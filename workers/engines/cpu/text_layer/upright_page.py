"""Opens a PDF page so that most of its text is upright."""

import pymupdf

from workers.engines.contract import Rotation
from workers.engines.cpu.text_layer.raw_lines import raw_lines

#: Degrees clockwise that turn text of each writing direction (x, y) upright.
_ROTATIONS: dict[tuple[int, int], Rotation] = {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}


def upright_page(document: pymupdf.Document, number: int) -> tuple[pymupdf.Page, Rotation]:
    """Page ``number`` (1-based), rotated so that most of its text is upright.

    The second value is in degrees clockwise from the page as a viewer shows it.
    """
    page = document[number - 1]
    if page.first_widget is not None:
        document.bake(annots=False)
        page = document[number - 1]
    page.remove_rotation()
    rotation = _text_rotation(page)
    if rotation:
        page.set_rotation(rotation)
        page.remove_rotation()
    return page, rotation


def _text_rotation(page: pymupdf.Page) -> Rotation:
    """Degrees clockwise that turn most characters of ``page`` upright."""
    characters: dict[tuple[int, int], int] = {}
    for line in raw_lines(page):
        direction = (round(line["dir"][0]), round(line["dir"][1]))
        length = sum(len(span["text"].strip()) for span in line["spans"])
        characters[direction] = characters.get(direction, 0) + length
    most = max(characters, key=lambda direction: characters[direction], default=(1, 0))
    return _ROTATIONS.get(most, 0)
