"""Sizes, grids and token counts of every resolution mode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import UsageError
from shared.domain.records.options import PageOptions
from workers.engines.deepseek.modes import Mode, family_of, mode_for

Box = tuple[int, int]


def options(**values: object) -> PageOptions:
    return PageOptions.model_validate({"engine": "vllm", "model": "m", **values})


def slow_grid(width: int, height: int, side: int, fewest: int, most: int) -> Box:
    """The published algorithm, step by step."""
    if width <= side and height <= side:
        return (1, 1)
    grids = [(i, j) for i in range(1, most + 1) for j in range(1, most + 1)]
    grids = [(i, j) for i, j in grids if fewest <= i * j <= most]
    grids.sort(key=lambda grid: grid[0] * grid[1])
    best, least = (1, 1), float("inf")
    for i, j in grids:
        difference = abs(width / height - i / j)
        if difference < least:
            best, least = (i, j), difference
        elif difference == least and width * height > 0.5 * side * side * i * j:
            best = (i, j)
    return best


sides = st.integers(1, 12_000)


@given(sides, sides, st.integers(2, 9))
def test_every_page_size_gets_the_published_grid(width: int, height: int, most: int) -> None:
    mode = mode_for(options(max_tiles=most))

    assert mode.grid(width, height) == slow_grid(width, height, 640, 2, most)


@given(sides, sides, st.integers(2, 9))
def test_manual_cropping_makes_exactly_the_requested_tiles(w: int, h: int, n: int) -> None:
    columns, rows = mode_for(options(crop_mode="manual", max_tiles=n)).grid(w, h)

    assert columns * rows == (n if max(w, h) > 640 else 1)


@given(sides, sides)
def test_no_page_has_more_tokens_than_the_mode_declares(width: int, height: int) -> None:
    mode = mode_for(options(max_tiles=9))

    assert mode.tokens(mode.grid(width, height)) <= mode.most_tokens


@pytest.mark.parametrize(
    ("size", "most", "grid", "tokens"),
    [
        ((1190, 1684), 6, (2, 3), 903),
        ((1224, 1584), 6, (2, 3), 903),
        ((1684, 1190), 6, (3, 2), 893),
        ((1920, 1080), 6, (2, 1), 483),
        ((1920, 1080), 9, (4, 2), 1093),
        ((2000, 2000), 6, (2, 2), 693),
        ((2000, 2000), 9, (3, 3), 1203),
        ((640, 640), 6, (1, 1), 273),
        ((1, 1), 6, (1, 1), 273),
        ((700, 9000), 6, (1, 6), 933),
    ],
)
def test_published_examples_have_the_published_number_of_tokens(
    size: Box, most: int, grid: Box, tokens: int
) -> None:
    mode = mode_for(options(max_tiles=most))

    assert (mode.grid(*size), mode.tokens(mode.grid(*size))) == (grid, tokens)


@pytest.mark.parametrize(
    ("resolution", "tokens"), [("tiny", 73), ("small", 111), ("base", 273), ("large", 421)]
)
def test_modes_without_tiles_have_the_same_tokens_for_every_page(
    resolution: str, tokens: int
) -> None:
    mode = mode_for(options(resolution=resolution))

    assert {mode.tokens(mode.grid(w, h)) for w, h in [(1, 1), (3000, 50), (50, 3000)]} == {tokens}


def test_cropping_can_be_switched_off() -> None:
    mode = mode_for(options(crop_mode="none"))

    assert mode == Mode(1024)
    assert mode.grid(5000, 300) == (1, 1)


def test_the_second_model_has_larger_tiles_and_no_newline_tokens() -> None:
    mode = mode_for(options(), "ocr2")

    assert mode.tokens(mode.grid(1190, 1684)) == 1121
    assert mode.grid(768, 768) == (1, 1)


def test_a_mode_that_the_second_model_lacks_is_refused_with_a_message() -> None:
    with pytest.raises(UsageError, match="'tiny' is not supported by DeepSeek-OCR-2"):
        mode_for(options(resolution="tiny"), "ocr2")


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("deepseek-ai/DeepSeek-OCR", "ocr"),
        ("deepseek-ai/DeepSeek-OCR-2", "ocr2"),
        ("/models/deepseek-ocr-2/", "ocr2"),
        ("/models/ocr-2/DeepSeek-OCR", "ocr"),
    ],
)
def test_the_family_follows_from_the_last_part_of_the_model_name(model: str, family: str) -> None:
    assert family_of(model) == family
