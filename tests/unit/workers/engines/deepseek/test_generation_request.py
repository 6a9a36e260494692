"""Generation requests from prepared files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared.domain.errors import EngineFailed, HelperUnavailable
from shared.domain.records import PageOptions
from workers.engines.contract import RenderedPage
from workers.engines.deepseek.generation_request import generation_request
from workers.engines.deepseek.modes import Family
from workers.engines.deepseek.page_plan import picture_plan
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
    assert generation_request(prepared(tmp_path / "page", family), family).page.grid == grid


def test_a_page_whose_file_is_missing_or_was_never_prepared_is_refused(tmp_path: Path) -> None:
    view = prepared(tmp_path / "page", "ocr")
    (tmp_path / "page").unlink()
    with pytest.raises(HelperUnavailable, match="is gone"):
        generation_request(view, "ocr")
    bare = RenderedPage(tmp_path, 1, "png", "0" * 64, 700, 700, None, None, OPTIONS)
    with pytest.raises(EngineFailed):
        generation_request(bare, "ocr")
