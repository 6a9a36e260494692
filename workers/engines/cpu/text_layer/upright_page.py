"""Opens a PDF page so that most of its text is upright."""

import pymupdf

from workers.engines.contract import Rotation
from workers.engines.cpu.text_layer.raw_lines import text_directions

#: Degrees clockwise that turn text of each writing direction (x, y) upright.
_ROTATIONS: dict[tuple[int, int], Rotation] = {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}


def upright_page(document: pymupdf.Document, number: int) -> tuple[pymupdf.Page, Rotation]:
    """Page ``number`` (1-based), rotated so that most of its text is upright.

    The second value is in degrees clockwise from the page as a viewer shows it. Form fields and
    annotations become part of the page, because a viewer shows their text.
    """
    page = document[number - 1]
    has_notes = next(iter(page.annots()), None) is not None
    if page.first_widget is not None or has_notes:
        document.bake(annots=has_notes)
        page = document[number - 1]
    page.remove_rotation()
    rotation = _text_rotation(page)
    if rotation:
        page.set_rotation(rotation)
        page.remove_rotation()
    return page, rotation


def _text_rotation(page: pymupdf.Page) -> Rotation:
    """Degrees clockwise that turn most characters of ``page`` upright."""
    characters = text_directions(page)
    most = max(characters, key=lambda direction: characters[direction], default=(1, 0))
    return _ROTATIONS.get(most, 0)
