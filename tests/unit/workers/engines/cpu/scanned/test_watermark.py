"""A watermark under the text of a scan is removed, and pale titles and tinted boxes stay."""

import cv2
import numpy as np

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.scanned.watermark import without_watermark

PALE = (205, 205, 205)


def page() -> Pixels:
    return np.full((1000, 700, 3), 255, np.uint8)


def written(image: Pixels) -> Pixels:
    for y in range(110, 900, 40):
        cv2.putText(image, "The keeper wrote down the weather", (40, y), 0, 0.9, (0, 0, 0), 2)
    return image


def letters(image: Pixels, top: int) -> Pixels:
    cv2.putText(image, "DRAFT", (60, top), cv2.FONT_HERSHEY_SIMPLEX, 5, PALE, 24)
    return image


def test_large_pale_letters_under_text_are_removed_and_the_text_stays() -> None:
    marked = written(letters(page(), 500))

    cleaned = without_watermark(marked)

    assert (cleaned == PALE).all(axis=2).sum() < 0.05 * (marked == PALE).all(axis=2).sum()
    assert ((cleaned < 90) == (marked < 90)).all()


def test_a_pale_title_without_text_across_it_stays() -> None:
    titled = letters(page(), 200)
    cv2.putText(titled, "Text below the title", (40, 500), 0, 0.9, (0, 0, 0), 2)

    assert without_watermark(titled) is titled


def test_tinted_boxes_and_plain_pages_stay() -> None:
    tinted = page()
    for baseline in (230, 430, 630):
        cv2.rectangle(tinted, (20, baseline - 26), (680, baseline + 10), PALE, -1)
    written(tinted)

    assert without_watermark(tinted) is tinted
    plain = written(page())
    assert without_watermark(plain) is plain
