"""What a checkpoint must be before any weight is loaded, and what is said otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.config.settings import build_settings
from shared.domain.errors import EngineUnavailable
from workers.engines.vllm.checkpoint import Checkpoint, check_parallel, examine
from workers.engines.vllm.gpus import check_gpus

CONFIG = {
    "architectures": ["DeepseekOCRForCausalLM"],
    "language_config": {"num_attention_heads": 10, "num_hidden_layers": 12},
}


def folder(tmp_path: Path, config: Any = CONFIG, *names: str) -> str:
    (tmp_path / "config.json").write_text(json.dumps(config))
    for name in names:
        (tmp_path / name).write_text("{}")
    return str(tmp_path)


def refusal(model: str, *, weights: bool = True) -> str:
    with pytest.raises(EngineUnavailable) as caught:
        examine(model, weights=weights)
    return caught.value.message


def test_a_complete_folder_says_its_family_and_sizes(tmp_path: Path) -> None:
    model = folder(tmp_path, CONFIG, "tokenizer.json", "model.safetensors")
    assert examine(model, weights=True) == Checkpoint("ocr", 10, 12)


def test_the_architecture_tells_the_family_and_not_the_folders_name(tmp_path: Path) -> None:
    config = {**CONFIG, "architectures": ["DeepseekOCR2ForCausalLM"]}
    model = folder(tmp_path, config, "tokenizer.json")
    assert examine(model, weights=False).family == "ocr2"


def test_a_hub_name_is_taken_for_the_published_model() -> None:
    assert examine("deepseek-ai/DeepSeek-OCR", weights=True) == Checkpoint("ocr", 10, 12)


def test_a_path_that_does_not_exist_is_no_hub_name() -> None:
    assert "/no/such/model" in refusal("/no/such/model")


def test_a_folder_without_configuration_is_no_checkpoint(tmp_path: Path) -> None:
    assert "config.json is missing" in refusal(str(tmp_path))


def test_another_architecture_is_named(tmp_path: Path) -> None:
    message = refusal(folder(tmp_path, {"architectures": ["LlamaForCausalLM"]}))
    assert "LlamaForCausalLM" in message
    assert "DeepseekOCRForCausalLM" in message


@pytest.mark.parametrize(
    "text", ["not json", "[]", '{"architectures": ["DeepseekOCRForCausalLM"]}']
)
def test_a_damaged_configuration_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    (tmp_path / "tokenizer.json").write_text("{}")
    assert "config.json" in refusal(str(tmp_path), weights=False)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-000002.safetensors", "b": "second.safetensors"}}
    model = folder(tmp_path, CONFIG, "tokenizer.json", "model-00001-of-000002.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "second.safetensors is missing" in refusal(model)


def test_weights_may_be_missing_only_where_random_ones_are_made(tmp_path: Path) -> None:
    model = folder(tmp_path, CONFIG, "tokenizer.json")
    assert "model.safetensors is missing" in refusal(model)
    assert examine(model, weights=False).heads == 10


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_ten_heads_are_shared_by_sizes_that_divide_them(size: int) -> None:
    check_parallel(Checkpoint("ocr", 10, 12), size, 1)


@pytest.mark.parametrize("size", [3, 4, 8, 16])
def test_other_tensor_parallel_sizes_are_refused_with_those_that_work(size: int) -> None:
    with pytest.raises(EngineUnavailable, match="1, 2, 5, 10"):
        check_parallel(Checkpoint("ocr", 10, 12), size, 1)


def test_more_stages_than_layers_are_refused() -> None:
    check_parallel(Checkpoint("ocr", 10, 12), 1, 12)
    with pytest.raises(EngineUnavailable, match="12 layers"):
        check_parallel(Checkpoint("ocr", 10, 12), 1, 13)


def test_a_machine_without_a_driver_is_refused_in_words(tmp_path: Path) -> None:
    settings = build_settings({"home": tmp_path})
    with pytest.raises(EngineUnavailable, match="no GPU"):
        check_gpus(settings, "deepseek-ai/DeepSeek-OCR", (), needed=True)
    check_gpus(settings, "deepseek-ai/DeepSeek-OCR", (), needed=False)


def test_a_gpu_too_small_is_refused_and_two_of_them_may_do(tmp_path: Path) -> None:
    settings = build_settings({"home": tmp_path})
    with pytest.raises(EngineUnavailable, match="too small"):
        check_gpus(settings, "deepseek-ai/DeepSeek-OCR", (6_144, 6_144), needed=True)
    pair = build_settings({"home": tmp_path, "tensor_parallel_size": 2})
    check_gpus(pair, "deepseek-ai/DeepSeek-OCR", (6_144, 6_144), needed=True)
    check_gpus(settings, "deepseek-ai/DeepSeek-OCR", (24_000,), needed=True)
