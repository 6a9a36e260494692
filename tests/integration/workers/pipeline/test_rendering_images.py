"""Images of any format and mode are rendered as upright RGB pages."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.documents.rendered_pages import (
    BLACK,
    BLUE,
    GREEN,
    OPTIONS,
    RED,
    SHA,
    WHITE,
    Pixels,
    corners,
    encoded,
    pixels_of,
    quadrant_image,
)
from workers.engines.contract import RenderPlan
from workers.pipeline.rendering import Renderer


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(("fmt", "kind"), [("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tiff")])
def test_the_orientation_of_a_photograph_is_respected(
    render: Callable[..., Pixels], fmt: str, kind: str, orientation: int
) -> None:
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    turn = turned.get(orientation, Image.Transpose.ROTATE_270)
    stored = quadrant_image() if turn is None else quadrant_image().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"quality": 100, "subsampling": 0} if fmt == "JPEG" else {}

    pixels = render(encoded(stored, fmt, exif=exif, **how), kind)

    assert pixels.shape == (100, 200, 3)
    expected = np.array([RED, GREEN, BLUE, WHITE], np.int16)
    assert np.abs(np.array(corners(pixels), np.int16) - expected).max() < 10


@pytest.mark.parametrize(
    ("image", "fmt", "seen"),
    [
        (Image.new("RGBA", (80, 80), (0, 0, 0, 0)), "PNG", WHITE),
        (Image.new("RGBA", (80, 80), (0, 0, 0, 255)), "PNG", BLACK),
        (Image.new("LA", (80, 80), (0, 0)), "PNG", WHITE),
        (Image.new("CMYK", (80, 80), (0, 255, 255, 0)), "JPEG", RED),
        (Image.new("CMYK", (80, 80), (0, 0, 0, 0)), "TIFF", WHITE),
        (Image.new("1", (80, 80), 1), "PNG", WHITE),
        (Image.new("1", (80, 80), 0), "TIFF", BLACK),
        (Image.new("I;16", (80, 80), 65535), "PNG", WHITE),
        (Image.new("I;16", (80, 80), 4095), "TIFF", WHITE),
        (Image.new("F", (80, 80), 255.0), "TIFF", WHITE),
        (Image.new("RGB", (80, 80), BLUE).convert("P"), "PNG", BLUE),
        (Image.new("RGBA", (80, 80), (0, 255, 0, 255)), "WEBP", GREEN),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_images_of_any_mode_become_rgb_as_a_viewer_shows_it(
    render: Callable[..., Pixels], image: Image.Image, fmt: str, seen: tuple[int, ...]
) -> None:
    kind = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "WEBP": "webp"}[fmt]

    pixels = render(encoded(image, fmt), kind)

    assert np.abs(pixels[40, 40].astype(int) - seen).max() <= 3


def test_a_transparent_palette_colour_is_white(render: Callable[..., Pixels]) -> None:
    image = Image.new("P", (80, 80), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 40, 80))

    pixels = render(encoded(image, transparency=0), "png")

    assert pixels[40, 10].tolist() == list(RED)
    assert pixels[40, 70].tolist() == list(WHITE)


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_large_image_is_scaled_down_to_the_plan(render: Callable[..., Pixels], fmt: str) -> None:
    kind = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "WEBP": "webp"}[fmt]

    pixels = render(
        encoded(quadrant_image(2000, 1000), fmt), kind, plan=RenderPlan(longest_side=500)
    )

    assert pixels.shape == (250, 500, 3)
    assert np.abs(np.array(corners(pixels), int) - [RED, GREEN, BLUE, WHITE]).max() < 10


def test_every_frame_of_a_tiff_is_its_own_page(render: Callable[..., Pixels]) -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, GREEN, BLUE)]
    document = encoded(
        frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_deflate"
    )

    seen = [tuple(render(document, "tiff", page)[40, 40].tolist()) for page in (3, 1, 2, 2)]

    assert seen == [BLUE, RED, GREEN, GREEN]


def test_frames_of_an_open_tiff_are_rendered_in_any_order(
    renderer: Renderer, tmp_path: Path
) -> None:
    frames = [Image.new("L", (80, 80 + 10 * number), 20 * number) for number in range(10)]
    source = tmp_path / "frames.tif"
    frames[0].save(source, save_all=True, append_images=frames[1:])

    for page in (10, 1, 5, 5, 2, 9):
        rendered = renderer.render(source, "tiff", SHA, page, RenderPlan(), OPTIONS)
        assert rendered.view.height == 80 + 10 * (page - 1)
        assert pixels_of(rendered)[5, 5].tolist() == [20 * (page - 1)] * 3
        renderer.discard(rendered.view)


def test_fax_pages_get_square_pixels(render: Callable[..., Pixels]) -> None:
    document = encoded(Image.new("1", (408, 196), 1), "TIFF", dpi=(204, 98), compression="group4")

    pixels = render(document, "tiff")

    assert pixels.shape == (408, 408, 3)


def test_a_tiny_image_is_enlarged(render: Callable[..., Pixels]) -> None:
    assert render(encoded(Image.new("L", (4, 2))), "png").shape == (32, 64, 3)
