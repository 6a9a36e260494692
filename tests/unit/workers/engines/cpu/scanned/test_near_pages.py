"""What stands in the margins of a scan recurs where the pages near it show it too."""

from pathlib import Path

import numpy as np
import pymupdf
import pytest

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.scanned.near_pages import NearPages
from workers.engines.cpu.values import Box, Line, Region

FOOTER = Box(60, 770, 300, 790)


def document(tmp_path: Path, *footers: str) -> Path:
    path = tmp_path / "pages.pdf"
    with pymupdf.open() as pdf:
        for footer in footers:
            page = pdf.new_page()
            page.insert_text((72, 100), f"The text above {footer}", fontsize=12)
            page.insert_text((72, 785), footer, fontsize=12)
        pdf.save(path)
    return path


def picture(path: Path, number: int) -> Pixels:
    with pymupdf.open(path) as pdf:
        pixmap = pdf[number - 1].get_pixmap(dpi=150)
    pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    return np.ascontiguousarray(pixels[:, :, ::-1])


def recurring(path: Path, number: int, is_upright: bool = True) -> dict[str, int] | None:
    near = NearPages(str(path), number, is_pdf=True, is_upright=is_upright)
    lines = [Line(FOOTER, "Annual review", 12, 0.99), Line(Box(60, 90, 300, 110), "Text", 12, 0.99)]
    regions = [Region("page-footer", FOOTER)]
    return near.recurring(picture(path, number), regions, lines, 72 / 150)


@pytest.mark.parametrize("others", [("Annual review",), ("Board", "Annual review")])
def test_a_footer_that_a_near_page_shows_recurs(tmp_path: Path, others: tuple[str, ...]) -> None:
    path = document(tmp_path, "Annual review", *others)

    assert recurring(path, 1) == {"annual review": 1}


def test_a_line_of_this_page_alone_does_not_recur(tmp_path: Path) -> None:
    path = document(tmp_path, "Thank you all", "Costs rise each year", "Board of the port")

    assert [recurring(path, number) for number in (1, 2, 3)] == [{}, {}, {}]


def test_nothing_recurs_on_the_only_page_and_a_turned_page_is_not_compared(tmp_path: Path) -> None:
    assert recurring(document(tmp_path, "Annual review"), 1, is_upright=False) == {}
    twice = document(tmp_path, "Annual review", "Annual review")
    assert recurring(twice, 1, is_upright=False) is None
