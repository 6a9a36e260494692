"""Text that the page shows and the layer lacks is looked for at half size first."""

from collections.abc import Sequence

import numpy as np
import pymupdf

from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText
from workers.engines.cpu.text_layer.visible.hidden_text import lacks_visible_text
from workers.engines.cpu.values import Box, Line

#: Pixels of the rendered page, two for each point.
WIDTH, HEIGHT = 800, 1000


class Detector:
    """Finds one line over the whole width, where it is told that the page shows one."""

    alphabet: frozenset[str] = frozenset()

    def __init__(self, shown: Sequence[bool]) -> None:
        self.widths: list[int] = []
        self._shown = list(shown)

    def find_lines(self, image: Pixels, shortest_side: int = 736) -> list[Corners]:
        width = image.shape[1]
        self.widths.append(width)
        corners = np.array([(0, 90), (width, 90), (width, 99), (0, 99)], np.float32)
        return [corners] if self._shown.pop(0) else []

    def read_lines(self, image: Pixels, corners: Sequence[Corners]) -> list[RecognizedText]:
        raise NotImplementedError


def look(*shown: bool) -> tuple[bool, list[int]]:
    """The verdict for a page with a stamp in its layer, and the widths that were looked at."""
    detector = Detector(shown)
    stamp = Line(Box(10, 10, 60, 20), "Page 1", 10)
    with pymupdf.open() as document:
        page = document.new_page(width=WIDTH / 2, height=HEIGHT / 2)
        image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        return lacks_visible_text(page, [stamp], image, detector), detector.widths


def test_a_page_without_other_text_is_looked_at_in_half_size_only() -> None:
    assert look(False) == (False, [WIDTH // 2])


def test_other_text_has_to_show_in_full_size_too() -> None:
    assert look(True, False) == (False, [WIDTH // 2, WIDTH])
    assert look(True, True) == (True, [WIDTH // 2, WIDTH])
