"""Which pages count as blank: the noise of a scan does, a page with a faint line does not."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from workers.pipeline import blank_page
from workers.pipeline.blank_page import Pixels, strong_ink

HEIGHT, WIDTH = 1684, 1191


def is_blank(pixels: Pixels) -> bool:
    return blank_page.is_blank(pixels, strong_ink(pixels))


def paper(level: int = 255) -> Pixels:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def grainy(page: Pixels, sigma: float) -> Pixels:
    grain = np.random.default_rng(7).normal(0, sigma, page.shape[:2])[..., None]
    return np.asarray(np.clip(page + grain, 0, 255), np.uint8)


def through_jpeg(page: Pixels, blur: float = 0) -> Pixels:
    buffer = io.BytesIO()
    image = Image.fromarray(page)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    image.save(buffer, "JPEG", quality=60)
    return np.asarray(Image.open(buffer))


def shaded() -> Pixels:
    across = np.linspace(185, 250, WIDTH)[None, :, None]
    down = np.linspace(-12, 5, HEIGHT)[:, None, None]
    return np.asarray(np.broadcast_to(across + down, (HEIGHT, WIDTH, 3)), np.uint8)


def with_word(
    page: Pixels, word: str = "word", size: int = 16, colour: tuple[int, int, int] = (0, 0, 0)
) -> Pixels:
    image = Image.fromarray(page)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(image).text((500, 800), word, fill=colour, font=font)
    return np.asarray(image)


def with_line(page: Pixels, level: int, width: int = 2) -> Pixels:
    image = Image.fromarray(page)
    ImageDraw.Draw(image).line((300, 700, 520, 715), fill=(level,) * 3, width=width)
    return np.asarray(image)


def with_dust(page: Pixels, specks: int) -> Pixels:
    dusty = page.copy()
    rng = np.random.default_rng(3)
    for y, x in zip(
        rng.integers(0, HEIGHT - 3, specks), rng.integers(0, WIDTH - 3, specks), strict=True
    ):
        dusty[y : y + 3, x : x + 3] = 80
    return dusty


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (10, 200, 30), (250, 245, 220)])
def test_a_page_of_one_colour_is_blank(colour: tuple[int, int, int]) -> None:
    page = np.broadcast_to(np.array(colour, np.uint8), (HEIGHT, WIDTH, 3)).copy()

    assert is_blank(page)


@pytest.mark.parametrize("sigma", [1, 3, 6, 12])
def test_a_page_with_the_noise_of_a_scan_is_blank(sigma: float) -> None:
    assert is_blank(grainy(paper(235), sigma))
    assert is_blank(through_jpeg(grainy(paper(235), sigma)))
    assert is_blank(through_jpeg(grainy(paper(235), 2 * sigma), blur=1))


def test_a_page_with_shading_or_dust_is_blank() -> None:
    assert is_blank(shaded())
    assert is_blank(through_jpeg(grainy(shaded(), 3)))
    assert is_blank(with_dust(paper(), specks=30))


@pytest.mark.parametrize("sigma", [0, 3, 6, 12])
def test_a_page_with_one_small_word_is_not_blank(sigma: float) -> None:
    page = grainy(paper(235), sigma)

    assert not is_blank(with_word(page))
    assert not is_blank(with_word(page, "page", size=12, colour=(120, 120, 120)))


@pytest.mark.parametrize("sigma", [0, 1, 3, 6])
def test_a_page_with_a_faint_pencil_line_is_not_blank(sigma: float) -> None:
    assert not is_blank(with_line(grainy(paper(235), sigma), level=200))


def test_a_page_with_only_a_page_number_is_not_blank() -> None:
    assert not is_blank(with_word(paper(), "1", size=12))
    assert not is_blank(with_word(shaded(), "7", size=14))


def test_a_page_with_pale_colours_is_not_blank() -> None:
    assert not is_blank(with_word(paper(), colour=(255, 255, 150)))
    assert not is_blank(with_line(paper(235), level=222, width=1))


def test_a_page_with_a_word_in_the_last_corner_is_not_blank() -> None:
    page = paper()
    page[-14:-2:2, -30:-2] = 90

    assert not is_blank(page)


def test_a_page_with_white_text_on_black_is_not_blank() -> None:
    assert not is_blank(with_word(paper(0), colour=(255, 255, 255)))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_a_page_of_any_size_is_accepted(height: int, width: int, level: int) -> None:
    page = np.full((height, width, 3), 255, np.uint8)
    assert is_blank(page)

    page[0, 0] = level
    is_blank(page)
