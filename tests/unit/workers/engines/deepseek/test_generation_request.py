"""Generation requests from prepared files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.domain.errors import EngineFailed, HelperUnavailable
from shared.domain.records.options import PageOptions
from tests.support.engines.generation_requests import LONGEST, prompt_encoder, request_about
from workers.engines.contract import RenderedPage
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.generation_request import generation_request
from workers.engines.deepseek.modes import Family, Mode, mode_for
from workers.engines.deepseek.page_plan import picture_plan
from workers.engines.deepseek.pixels import Picture, Views, make_page, make_views
from workers.engines.deepseek.prompt.token_ids import IMAGE_ID
from workers.pipeline.rendering_child import resolve_prepare

OPTIONS = PageOptions(engine="vllm", model="a-folder")


def prepared(path: Path, family: Family) -> RenderedPage:
    image = Image.fromarray(np.random.default_rng(4).integers(0, 256, (700, 700, 3), np.uint8))
    prepare = picture_plan(OPTIONS, family).prepare
    assert prepare is not None
    resolve_prepare(prepare)(image, OPTIONS, path)
    return RenderedPage(path, 1, "png", "0" * 64, 700, 700, None, path, OPTIONS)


@pytest.mark.parametrize(("family", "grid"), [("ocr", (2, 2)), ("ocr2", (1, 1))])
def test_each_model_family_has_its_own_tile_size(
    family: Family, grid: tuple[int, int], tmp_path: Path
) -> None:
    """640 pixels, and 768."""
    view = prepared(tmp_path / "page", family)
    assert generation_request(view, prompt_encoder(family)).page.grid == grid


def test_a_page_whose_file_is_missing_or_was_never_prepared_is_refused(tmp_path: Path) -> None:
    view = prepared(tmp_path / "page", "ocr")
    (tmp_path / "page").unlink()
    with pytest.raises(HelperUnavailable, match="is gone"):
        generation_request(view, prompt_encoder("ocr"))
    bare = RenderedPage(tmp_path, 1, "png", "0" * 64, 700, 700, None, None, OPTIONS)
    with pytest.raises(EngineFailed):
        generation_request(bare, prompt_encoder("ocr"))


@pytest.mark.parametrize("make", [make_page, make_views])
def test_the_image_tokens_and_the_answer_fill_the_model_from_the_placeholder_on(
    make: Callable[[Image.Image, Mode], Picture | Views],
) -> None:
    request = request_about(make(Image.new("RGB", (900, 1300)), mode_for(OPTIONS)), OPTIONS)

    offset, length = request.placeholders

    assert set(request.token_ids[offset : offset + length]) == {IMAGE_ID}
    assert length == mode_for(OPTIONS).tokens(request.page.grid)
    assert request.room == LONGEST - len(request.token_ids)


def test_half_a_page_has_the_image_tokens_of_its_own_tiles() -> None:
    request = request_about(make_page(Image.new("RGB", (900, 1900)), mode_for(OPTIONS)), OPTIONS)
    whole = request.placeholders[1]

    upper, _ = halves(request)

    expected = mode_for(OPTIONS).tokens(upper.request.page.grid)
    assert upper.request.placeholders[1] == expected != whole
