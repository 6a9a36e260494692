"""Views equal a slow second implementation of the published preprocessing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from shared.domain.records.options import PageOptions
from workers.engines.deepseek import pixels
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.page_plan import picture_plan, views_plan
from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.pixels import Picture, Views, make_page, make_views, views_of
from workers.engines.deepseek.prepared import read_page
from workers.pipeline.rendering_child import resolve_prepare

Levels = NDArray[np.uint8]


def options(**values: object) -> PageOptions:
    return PageOptions.model_validate({"engine": "vllm", "model": "DeepSeek-OCR", **values})


def page(width: int, height: int, *, grey: bool = False, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    if grey:
        noise[...] = noise[..., :1]
    return Image.fromarray(noise)


def padded(image: Image.Image, side: int) -> Image.Image:
    scale = image.width / image.height
    width = side if scale >= 1 else round(scale * side)
    height = side if scale <= 1 else round(image.height / image.width * side)
    canvas = Image.new("RGB", (side, side), (127, 127, 127))
    if width and height:
        small = image.resize((width, height), Image.Resampling.BICUBIC)
        canvas.paste(small, (round((side - width) / 2), round((side - height) / 2)))
    return canvas


def cut(image: Image.Image, columns: int, rows: int, side: int) -> list[Image.Image]:
    large = image.resize((columns * side, rows * side), Image.Resampling.BICUBIC)
    corners = [(x * side, y * side) for y in range(rows) for x in range(columns)]
    return [large.crop((x, y, x + side, y + side)) for x, y in corners]


def planes(image: Image.Image) -> Levels:
    return np.asarray(image).transpose(2, 0, 1)


def prepared(
    image: Image.Image, page_options: PageOptions, tmp_path: Path, family: Family
) -> list[Views]:
    """A page's views, made by the helper process and by the engine, with three channels each."""
    views_by_plan = []
    for plan in (picture_plan(page_options, family), views_plan(page_options, family)):
        assert plan.prepare is not None
        resolve_prepare(plan.prepare)(image, page_options, tmp_path / "page")
        views = views_of(read_page(tmp_path / "page", mode_for(page_options, family)))
        views_by_plan.append(
            Views(
                views.grid, np.resize(views.whole, (3, *views.whole.shape[1:])), _rgb(views.tiles)
            )
        )
    return views_by_plan


def _rgb(tiles: Levels) -> Levels:
    return np.broadcast_to(tiles, (len(tiles), 3, *tiles.shape[2:]))


SIZES = [(1190, 1684), (900, 700), (641, 200), (2, 2000), (1500, 1), (1, 1), (640, 640), (77, 33)]


@pytest.mark.parametrize(("family", "side"), [("ocr", 640), ("ocr2", 768)])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_gundam_views_equal_the_published_preprocessing(
    size: tuple[int, int], grey: bool, family: Family, side: int, tmp_path: Path
) -> None:
    image = page(*size, grey=grey)
    columns, rows = mode_for(options(), family).grid(*size)
    assert max(size) > side or (columns, rows) == (1, 1)

    for views in prepared(image, options(), tmp_path, family):
        assert views.grid == (columns, rows)
        assert np.array_equal(views.whole, planes(padded(image, 1024)))
        expected = cut(image, columns, rows, side) if columns * rows > 1 else []
        assert len(views.tiles) == len(expected)
        for tile, expected_tile in zip(views.tiles, expected, strict=True):
            assert np.array_equal(tile, planes(expected_tile))


@pytest.mark.parametrize(("resolution", "side"), [("tiny", 512), ("small", 640)])
def test_the_small_modes_stretch_the_page(resolution: str, side: int, tmp_path: Path) -> None:
    image = page(300, 500)

    for views in prepared(image, options(resolution=resolution), tmp_path, "ocr"):
        stretched = image.resize((side, side), Image.Resampling.BICUBIC)
        assert np.array_equal(views.whole, planes(stretched))
        assert len(views.tiles) == 0


@pytest.mark.parametrize(("resolution", "side"), [("base", 1024), ("large", 1280)])
def test_the_large_modes_keep_its_proportions(resolution: str, side: int, tmp_path: Path) -> None:
    image = page(300, 500)

    for views in prepared(image, options(resolution=resolution), tmp_path, "ocr"):
        assert np.array_equal(views.whole, planes(padded(image, side)))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1400), st.integers(1, 1400), st.integers(2, 9), st.booleans())
def test_every_page_has_as_many_tiles_as_its_grid(w: int, h: int, n: int, grey: bool) -> None:
    views = make_views(page(w, h, grey=grey), mode_for(options(max_tiles=n)))

    columns, rows = views.grid
    assert len(views.tiles) == (columns * rows if columns * rows > 1 else 0)
    assert views.tiles.shape[1] == views.whole.shape[0]


def test_a_single_coloured_pixel_keeps_its_colour() -> None:
    image = page(64, 64, grey=True)
    image.putpixel((33, 60), (255, 0, 0))

    assert make_views(image, mode_for(options())).whole.shape[0] == 3


@pytest.mark.parametrize(
    ("size", "resolution", "left"),
    [
        ((1358, 1920), "gundam", True),
        ((1920, 1920), "gundam", True),
        ((1920, 1080), "gundam", True),
        ((2049, 2049), "gundam", False),  # too many pixels for any mode
        ((3000, 20), "gundam", True),  # long, but few pixels
        ((512, 512), "tiny", True),
        ((725, 725), "tiny", False),  # more than twice the pixels of its view
    ],
)
def test_the_engine_makes_the_views_where_the_picture_is_smaller(
    size: tuple[int, int], resolution: str, left: bool
) -> None:
    mode = mode_for(options(resolution=resolution))
    prepared = make_page(page(*size, grey=True), mode)

    assert isinstance(prepared, Picture) == left
    bytes_ = sum(shape_of(prepared).parts)
    assert bytes_ <= 4 * 1024 * 1024 if left else bytes_ == mode.pixels(prepared.grid)
    assert prepared.grid == mode.grid(*size)


def test_the_picture_of_a_page_has_the_rendered_pixels(tmp_path: Path) -> None:
    image = page(90, 127)
    resolve_prepare("workers.engines.deepseek.prepare:prepare_page")(
        image, options(), tmp_path / "page"
    )

    picture = read_page(tmp_path / "page", mode_for(options()))

    assert isinstance(picture, Picture)
    assert np.array_equal(picture.pixels, np.asarray(image))


@pytest.mark.parametrize("damage", [b"", b"{}", b"{" * 5000, b"[]"])
def test_a_file_of_another_format_is_refused(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(damage)

    with pytest.raises(ValueError, match=r".+"):
        read_page(tmp_path / "page", mode_for(options()))


@pytest.mark.parametrize("most_pixels", [pixels.MAX_ENGINE_PIXELS, 0], ids=["picture", "views"])
def test_a_truncated_page_is_refused(
    most_pixels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "MAX_ENGINE_PIXELS", most_pixels)
    prepare = resolve_prepare("workers.engines.deepseek.prepare:prepare_page")
    prepare(page(30, 30), options(), tmp_path / "page")
    content = (tmp_path / "page").read_bytes()
    (tmp_path / "page").write_bytes(content[:-1])

    with pytest.raises(ValueError, match="cut short"):
        read_page(tmp_path / "page", mode_for(options()))
