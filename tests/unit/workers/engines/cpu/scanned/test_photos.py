"""A photograph that the layout model missed is a picture; a tinted box and text are not."""

import numpy as np

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.scanned.photos import with_photos
from workers.engines.cpu.values import Box, Line, Region

PHOTO = Box(100, 200, 500, 500)


def page(shades: int) -> Pixels:
    image = np.full((1000, 700, 3), 255, np.uint8)
    colours = np.linspace(40, 200, shades).astype(np.uint8)
    image[200:500, 100:500] = np.repeat(colours, -(-400 // shades))[None, :400, None]
    return image


def pictures(image: Pixels, regions: list[Region], lines: list[Line]) -> list[Box]:
    found = with_photos(regions, lines, image, 1.0)
    return [region.box for region in found if region not in regions]


def test_an_area_of_many_shades_is_a_picture() -> None:
    [box] = pictures(page(40), [Region("text", Box(100, 520, 500, 540))], [])

    assert box.fraction_inside(PHOTO) > 0.9
    assert PHOTO.fraction_inside(box) > 0.9


def test_a_known_picture_a_tinted_box_and_a_ground_of_text_are_none() -> None:
    words = [Line(Box(110, y, 490, y + 16), "words", 12, 0.9) for y in range(210, 490, 24)]

    assert pictures(page(40), [Region("picture", PHOTO)], []) == []
    assert pictures(page(1), [], []) == []
    assert pictures(page(40), [], words) == []
