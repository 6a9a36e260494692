"""The model's pixels against a second, slow reading of the published preprocessing."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from shared.records import PageOptions
from workers.deepseek.modes import mode_for
from workers.deepseek.pixels import as_float32, level_table, make_views
from workers.deepseek.prepare import prepare_tensors, prepare_tensors_ocr2
from workers.deepseek.prepared import read_prepared

Floats = NDArray[np.float32]


def options(**values: object) -> PageOptions:
    return PageOptions.model_validate({"engine": "vllm", "model": "DeepSeek-OCR", **values})


def page(width: int, height: int, *, grey: bool = False, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    if grey:
        noise[...] = noise[..., :1]
    return Image.fromarray(noise)


def normalised(image: Image.Image) -> Floats:
    levels = np.asarray(image, np.float32).transpose(2, 0, 1)
    return (levels / np.float32(255) - np.float32(0.5)) / np.float32(0.5)


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


def bfloat16(values: Floats) -> Floats:
    """Round to nearest, ties to even, by arithmetic instead of by bits."""
    mantissa, exponent = np.frexp(values.astype(np.float64))
    return np.ldexp(np.round(mantissa * 256) / 256, exponent).astype(np.float32)


def prepare(image: Image.Image, wanted: PageOptions, tmp_path: Path) -> tuple[Floats, Floats]:
    prepare_tensors(image, wanted, tmp_path / "page")
    prepared = read_prepared(tmp_path / "page")
    return as_float32(prepared.whole), as_float32(prepared.tiles)


SIZES = [(1190, 1684), (900, 700), (641, 200), (2, 2000), (1500, 1), (1, 1), (640, 640), (77, 33)]


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_gundam_tensors_equal_the_published_preprocessing(
    size: tuple[int, int], grey: bool, tmp_path: Path
) -> None:
    image = page(*size, grey=grey)
    columns, rows = mode_for(options()).grid(*size)

    whole, tiles = prepare(image, options(), tmp_path)

    assert np.array_equal(whole, bfloat16(normalised(padded(image, 1024))))
    expected = cut(image, columns, rows, 640) if columns * rows > 1 else []
    assert len(tiles) == len(expected)
    for tile, wanted in zip(tiles, expected, strict=True):
        assert np.array_equal(tile, bfloat16(normalised(wanted)))


@pytest.mark.parametrize(("resolution", "side"), [("tiny", 512), ("small", 640)])
def test_the_small_modes_stretch_the_page(resolution: str, side: int, tmp_path: Path) -> None:
    image = page(300, 500)

    whole, tiles = prepare(image, options(resolution=resolution), tmp_path)

    stretched = image.resize((side, side), Image.Resampling.BICUBIC)
    assert np.array_equal(whole, bfloat16(normalised(stretched)))
    assert len(tiles) == 0


@pytest.mark.parametrize(("resolution", "side"), [("base", 1024), ("large", 1280)])
def test_the_large_modes_keep_its_proportions(resolution: str, side: int, tmp_path: Path) -> None:
    image = page(300, 500)

    whole, _ = prepare(image, options(resolution=resolution), tmp_path)

    assert np.array_equal(whole, bfloat16(normalised(padded(image, side))))


def test_the_second_models_tiles_are_768_pixels_wide(tmp_path: Path) -> None:
    prepare_tensors_ocr2(page(900, 1300), options(), tmp_path / "page")

    prepared = read_prepared(tmp_path / "page")

    assert prepared.tiles.shape == (6, 3, 768, 768)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1400), st.integers(1, 1400), st.integers(2, 9), st.booleans())
def test_any_page_gives_as_many_tiles_as_its_grid_says(w: int, h: int, n: int, grey: bool) -> None:
    views = make_views(page(w, h, grey=grey), mode_for(options(max_tiles=n)))

    columns, rows = views.grid
    assert len(views.tiles) == (columns * rows if columns * rows > 1 else 0)
    assert views.tiles.shape[1] == views.whole.shape[0]


def test_a_single_coloured_pixel_keeps_its_colour() -> None:
    image = page(64, 64, grey=True)
    image.putpixel((33, 60), (255, 0, 0))

    assert make_views(image, mode_for(options())).whole.shape[0] == 3


def test_every_level_is_rounded_like_a_float_of_the_framework() -> None:
    levels = np.arange(256, dtype=np.float32)
    expected = bfloat16((levels / np.float32(255) - np.float32(0.5)) / np.float32(0.5))

    assert np.array_equal(as_float32(level_table()), expected)
    assert len(set(level_table().tolist())) == 256


@pytest.mark.parametrize("damage", [b"", b"{}", b"{" * 5000])
def test_a_foreign_file_is_not_taken_for_a_page(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(damage)

    with pytest.raises(ValueError, match=r".+"):
        read_prepared(tmp_path / "page")


def test_a_page_cut_short_is_refused(tmp_path: Path) -> None:
    prepare_tensors(page(30, 30), options(), tmp_path / "page")
    content = (tmp_path / "page").read_bytes()
    (tmp_path / "page").write_bytes(content[:-1])

    with pytest.raises(ValueError, match="cut short"):
        read_prepared(tmp_path / "page")
