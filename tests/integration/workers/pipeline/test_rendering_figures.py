"""Figures are cut from the upright page."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.domain.records.page_result import BBox
from tests.support.documents.pdf_samples import pdf
from tests.support.documents.rendered_pages import (
    BLUE,
    GREEN,
    OPTIONS,
    RED,
    SHA,
    WHITE,
    encoded,
    quadrant_image,
    quadrants,
)
from workers.engines.contract import RenderPlan, Rotation
from workers.pipeline.rendering import Renderer
from workers.pipeline.rendering_child import MAX_CROP_BYTES, MAX_CROP_PIXELS

UPPER_LEFT: BBox = (20, 20, 480, 480)


@pytest.mark.parametrize("kind", ["pdf", "png"])
@pytest.mark.parametrize(
    ("rotation", "seen"),
    # What a reader sees in the upper left after turning the page clockwise.
    [(0, RED), (90, BLUE), (180, WHITE), (270, GREEN)],
)
def test_figures_are_cut_from_the_upright_page(
    renderer: Renderer, tmp_path: Path, kind: str, rotation: Rotation, seen: tuple[int, ...]
) -> None:
    source = tmp_path / "a"
    source.write_bytes(
        pdf([quadrants()], size=(200, 100)) if kind == "pdf" else encoded(quadrant_image())
    )
    view = renderer.render(source, kind, SHA, 1, RenderPlan(), OPTIONS).view
    renderer.discard(view)

    first, again = (renderer.crop(view, rotation, [UPPER_LEFT])[0] for _ in range(2))

    with Image.open(io.BytesIO(first)) as figure:
        assert set(figure.get_flattened_data()) == {seen}
        upright_is_wide = rotation in (0, 180)
        assert (figure.width > figure.height) == upright_is_wide
    assert first == again


def test_figures_of_any_shape_come_in_the_order_of_their_boxes(
    renderer: Renderer, tmp_path: Path
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100)))
    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(pixels=False), OPTIONS).view
    boxes: list[BBox] = [
        (520, 20, 980, 480),
        (480, 480, 20, 20),
        (0, 0, 0, 0),
        (999, 999, 999, 999),
        (0, 0, 999, 999),
    ]

    figures = [Image.open(io.BytesIO(data)) for data in renderer.crop(view, 0, boxes)]

    assert [figure.convert("RGB").getpixel((0, 0)) for figure in figures] == [
        GREEN, RED, RED, WHITE, RED,
    ]  # fmt: skip
    assert figures[4].size == (556, 278)
    assert renderer.crop(view, 0, []) == []


def test_figures_respect_the_rotation_of_the_pdf_page(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100), page_extra=b"/Rotate 90"))
    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(pixels=False), OPTIONS).view

    (figure,) = renderer.crop(view, 0, [UPPER_LEFT])

    with Image.open(io.BytesIO(figure)) as image:
        assert set(image.get_flattened_data()) == {BLUE}


def test_figures_are_bounded_in_pixels_and_bytes(renderer: Renderer, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2500, 2500, 3), np.uint8)
    source = tmp_path / "noise.png"
    Image.fromarray(noise).save(source, compress_level=0)
    view = renderer.render(source, "png", SHA, 1, RenderPlan(pixels=False), OPTIONS).view

    (figure,) = renderer.crop(view, 0, [(0, 0, 999, 999)])

    assert len(figure) <= MAX_CROP_BYTES
    with Image.open(io.BytesIO(figure)) as image:
        assert image.width * image.height <= MAX_CROP_PIXELS
