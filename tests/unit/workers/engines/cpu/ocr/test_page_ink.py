"""Ink is what differs from the ground around it, in any colour, on light and on dark paper."""

import numpy as np
import pytest

from workers.engines.cpu.ocr.ink_clusters import share_in_lines
from workers.engines.cpu.ocr.page_ink import PageInk
from workers.engines.cpu.recognition import Corners, Pixels
from workers.engines.cpu.values import Box

WHITE, BLACK, YELLOW = (255, 255, 255), (0, 0, 0), (0, 230, 255)
#: The box of a letter: left, top, right, bottom.
LETTER = (400, 300, 404, 320)


def page(ground: tuple[int, int, int] = WHITE) -> Pixels:
    return np.full((1500, 1100, 3), ground, np.uint8)


def paint(image: Pixels, box: tuple[int, int, int, int], color: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    image[top:bottom, left:right] = color


def line(left: int, top: int, right: int, bottom: int) -> Corners:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


@pytest.mark.parametrize(
    ("ground", "color"), [(WHITE, BLACK), (BLACK, WHITE), (WHITE, YELLOW), ((90, 40, 20), YELLOW)]
)
def test_a_letter_is_ink_on_any_ground(
    ground: tuple[int, int, int], color: tuple[int, int, int]
) -> None:
    image = page(ground)
    paint(image, LETTER, color)

    mask = PageInk(image).mask

    assert int((mask > 0).sum()) == 4 * 20
    assert mask[310, 402] == 255


def test_a_light_letter_on_a_dark_band_is_ink_and_the_band_is_not() -> None:
    image = page()
    paint(image, (100, 280, 900, 340), BLACK)
    paint(image, LETTER, WHITE)

    mask = PageInk(image).mask

    assert mask[310, 402] == 255
    assert mask[310, 600] == 0


def test_faint_noise_is_no_ink() -> None:
    noise = np.random.default_rng(1).integers(225, 256, (1500, 1100, 3)).astype(np.uint8)

    assert not PageInk(noise).mask.any()


def test_ink_that_a_line_covers_is_removed_with_its_edges() -> None:
    image = page()
    paint(image, LETTER, BLACK)
    paint(image, (700, 300, 704, 320), BLACK)
    ink = PageInk(image)
    cut_short = line(390, 303, 420, 320)

    rest = ink.outside([cut_short])

    assert not rest[:, :600].any()
    assert rest[310, 702] == 255
    assert (ink.image_without([cut_short])[300:320, 400:404] == 255).all()


def test_a_line_over_an_empty_band_holds_no_ink() -> None:
    image = page()
    paint(image, (100, 280, 900, 340), BLACK)
    paint(image, LETTER, WHITE)
    ink = PageInk(image)

    assert ink.is_in(line(390, 290, 420, 330))
    assert not ink.is_in(line(500, 275, 890, 345))
    assert not ink.is_in(line(1100, 275, 1190, 345))


def test_the_share_in_lines_counts_the_ink_of_letters_outside_pictures() -> None:
    image = page()
    for left in (100, 200, 300, 800):
        paint(image, (left, 300, left + 4, 320), BLACK)
    paint(image, (50, 500, 1000, 503), BLACK)
    ink = PageInk(image)
    read = [line(90, 295, 210, 325)]

    assert share_in_lines(ink, read) == pytest.approx(0.5)
    assert share_in_lines(ink, read, [Box(700, 200, 900, 400)]) == pytest.approx(2 / 3)
    assert share_in_lines(PageInk(page()), []) == 1.0
