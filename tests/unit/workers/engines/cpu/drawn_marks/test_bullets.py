"""Bullets, check boxes and ticks that are drawn before a line of a scan."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from workers.engines.cpu.drawn_marks.bullets import CHECK_BOXES, with_bullets
from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Character, Line

#: The place of the mark, left of the line; the line is 30 pixels high.
LEFT, TOP, SIDE = 40, 44, 18


def line(text: str = "Lamp", left: float = 90, gap: float = 10) -> Line:
    characters, x = [], left
    for letter in text:
        characters.append(Character(letter, Box(x, 40, x + 10, 70), 70, 21, score=0.99))
        x += 10 if letter != " " else gap
    return line_of(characters)


def page(draw: Callable[[Mask], object]) -> Mask:
    mask = np.zeros((120, 300), np.uint8)
    draw(mask)
    return mask


def box(mask: Mask, thickness: int = 2) -> None:
    cv2.rectangle(mask, (LEFT, TOP), (LEFT + SIDE, TOP + SIDE), 255, thickness)


def cross(mask: Mask) -> None:
    cv2.line(mask, (LEFT, TOP), (LEFT + SIDE, TOP + SIDE), 255, 3)
    cv2.line(mask, (LEFT, TOP + SIDE), (LEFT + SIDE, TOP), 255, 3)


def tick(mask: Mask) -> None:
    corners = [(LEFT, TOP + 10), (LEFT + 6, TOP + SIDE), (LEFT + SIDE, TOP)]
    cv2.polylines(mask, [np.array(corners, np.int32)], False, 255, 3)


def crossed(mask: Mask) -> None:
    box(mask)
    cross(mask)


def ticked(mask: Mask) -> None:
    box(mask)
    tick(mask)


MARKS: list[tuple[Callable[[Mask], object], str]] = [
    (lambda mask: cv2.circle(mask, (LEFT, 55), 5, 255, -1), "•"),
    (lambda mask: cv2.circle(mask, (LEFT, 55), 5, 255, 1), "○"),
    (lambda mask: cv2.rectangle(mask, (LEFT, 54), (LEFT + 14, 56), 255, -1), "–"),
    (box, "☐"),
    (ticked, "☑"),
    (cross, "✗"),
    (tick, "✓"),
]


@pytest.mark.parametrize(("draw", "mark"), MARKS)
def test_a_mark_before_a_line_is_its_bullet(draw: Callable[[Mask], object], mark: str) -> None:
    [found] = with_bullets([line()], page(draw), 1.0)

    assert found.text == f"{mark} Lamp"
    assert found.box.left < 50


OTHER_INK: list[Callable[[Mask], object]] = [
    lambda mask: mask,
    lambda mask: cv2.rectangle(mask, (2, 42), (60, 68), 255, -1),
    lambda mask: cv2.line(mask, (LEFT, TOP + SIDE), (LEFT + SIDE, TOP), 255, 2),
]


@pytest.mark.parametrize("draw", OTHER_INK, ids=["nothing", "a picture", "a stroke"])
def test_other_ink_is_no_bullet(draw: Callable[[Mask], object]) -> None:
    assert [found.text for found in with_bullets([line()], page(draw), 1.0)] == ["Lamp"]


def test_a_letter_o_far_before_the_text_is_a_ring() -> None:
    empty = page(lambda mask: mask)

    texts = [
        found.text
        for found in with_bullets([line("o menino", gap=8), line("o Tents", gap=40)], empty, 1.0)
    ]

    assert texts == ["o menino", "○ Tents"]


def test_a_doubtful_letter_before_a_line_is_a_cross() -> None:
    mark = Line(Box(LEFT, TOP, LEFT + SIDE, TOP + SIDE), "x", 21, 0.7)

    [found] = with_bullets([mark, line()], page(lambda mask: mask), 1.0)

    assert found.text == "✗ Lamp"


def test_a_ticked_box_that_was_read_as_a_letter_is_a_ticked_box() -> None:
    misread = Line(Box(LEFT, TOP, LEFT + SIDE, TOP + SIDE), "ć", 21, 0.35)

    found = with_bullets([misread, line()], page(crossed), 1.0)

    assert [one.text for one in found] == ["ć", "☑ Lamp"]  # a line below 0.5 is left out later


def test_only_check_boxes_are_looked_for_beside_a_text_layer() -> None:
    def texts(draw: Callable[[Mask], object]) -> list[str]:
        return [one.text for one in with_bullets([line()], page(draw), 1.0, CHECK_BOXES)]

    assert texts(box) == ["☐ Lamp"]
    assert texts(crossed) == ["☑ Lamp"]
    assert texts(tick) == ["Lamp"]
