"""DeepSeek-OCR's weights in the class of Unlimited-OCR: each one is loaded to its right place.

The language model is compared with the independent implementation in ``language.py``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tests.integration.workers.engines.transformers_engine.language import Tensors, logits
from tests.integration.workers.engines.transformers_engine.weights import (
    EXPERTS,
    HIDDEN,
    MOE,
    write_v1,
)
from tests.support.engines.deepseek_checkpoint import FULL, write_checkpoint
from workers.engines.transformers.configuration import native_values
from workers.engines.transformers.loading import Loaded, load

UNUSED = "model.vision_model.embeddings.patch_embedding.weight"
STEPS = 200
#: Number of parameters of DeepSeek-OCR.
PUBLISHED = 3_336_106_240


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tensors]:
    """A folder and the tensors in it."""
    folder = tmp_path_factory.mktemp("v1")
    return folder, write_v1(folder)


@pytest.fixture(scope="module")
def published(checkpoint: tuple[Path, Tensors]) -> Tensors:
    """Tensors by published name."""
    return checkpoint[1]


@pytest.fixture(scope="module")
def loaded(checkpoint: tuple[Path, Tensors]) -> Iterator[Loaded]:
    """The same checkpoint in the class of transformers."""
    with torch.inference_mode():
        yield load(str(checkpoint[0]), 8192)


@pytest.fixture(scope="module")
def native(loaded: Loaded) -> Tensors:
    """Tensors by transformers' name."""
    tensors: Tensors = loaded.model.state_dict()
    return tensors


def test_every_weight_is_used_and_none_is_missing(published: Tensors, native: Tensors) -> None:
    there = sum(tensor.numel() for name, tensor in published.items() if name != UNUSED)

    assert there == sum(tensor.numel() for tensor in native.values())


@pytest.mark.parametrize(
    ("published_name", "native_name"),
    [
        ("model.view_seperator", "model.view_separator"),
        ("model.image_newline", "model.image_newline"),
        ("model.projector.layers.weight", "model.multi_modal_projector.weight"),
        ("model.projector.layers.bias", "model.multi_modal_projector.bias"),
        ("model.embed_tokens.weight", "model.language_model.embed_tokens.weight"),
        ("lm_head.weight", "lm_head.weight"),
        ("model.sam_model.pos_embed", "model.vision_tower.sam_encoder.pos_embed"),
        ("model.sam_model.neck.2.weight", "model.vision_tower.sam_encoder.neck.conv2.weight"),
        ("model.sam_model.net_2.weight", "model.vision_tower.sam_encoder.proj.conv1.weight"),
        ("model.sam_model.net_3.weight", "model.vision_tower.sam_encoder.proj.conv2.weight"),
        (
            "model.sam_model.blocks.1.attn.rel_pos_w",
            "model.vision_tower.sam_encoder.layers.1.attn.rel_pos_w",
        ),
        (
            "model.sam_model.blocks.0.norm2.bias",
            "model.vision_tower.sam_encoder.layers.0.layer_norm2.bias",
        ),
        (
            "model.vision_model.transformer.layers.1.mlp.fc2.weight",
            "model.vision_tower.vision_encoder.encoder.layers.1.mlp.fc2.weight",
        ),
        (
            "model.layers.1.mlp.shared_experts.down_proj.weight",
            "model.language_model.layers.1.mlp.shared_experts.down_proj.weight",
        ),
        ("model.layers.1.mlp.gate.weight", "model.language_model.layers.1.mlp.gate.weight"),
    ],
)
def test_a_weight_is_loaded_under_its_native_name(
    published: Tensors, native: Tensors, published_name: str, native_name: str
) -> None:
    assert torch.equal(published[published_name], native[native_name])


def test_joint_weights_of_the_vision_encoder_are_split_in_order(
    published: Tensors, native: Tensors
) -> None:
    for kind in ("weight", "bias"):
        joint = published[f"model.vision_model.transformer.layers.0.self_attn.qkv_proj.{kind}"]
        at = "model.vision_tower.vision_encoder.encoder.layers.0.self_attn"
        for name, part in zip("qkv", joint.chunk(3), strict=True):
            assert torch.equal(part, native[f"{at}.{name}_proj.{kind}"]), (name, kind)


def test_single_experts_are_stacked_in_order(published: Tensors, native: Tensors) -> None:
    at, ours = "model.layers.1.mlp.experts", "model.language_model.layers.1.mlp.experts"
    for expert in range(EXPERTS):
        both = native[f"{ours}.gate_up_proj"][expert]
        assert torch.equal(both[:MOE], published[f"{at}.{expert}.gate_proj.weight"])
        assert torch.equal(both[MOE:], published[f"{at}.{expert}.up_proj.weight"])
        down = native[f"{ours}.down_proj"][expert]
        assert torch.equal(down, published[f"{at}.{expert}.down_proj.weight"])


def test_the_language_model_equals_the_independent_implementation(
    loaded: Loaded, published: Tensors
) -> None:
    ids = torch.randint(0, 1000, (60,), generator=torch.Generator().manual_seed(5))
    ours = loaded.model(input_ids=ids[None]).logits[0]
    theirs = logits(published, published["model.embed_tokens.weight"][ids])

    assert theirs.std() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_an_answer_attends_to_all_its_earlier_tokens(loaded: Loaded, published: Tensors) -> None:
    """Unlimited-OCR's own configuration has a window of 128 tokens."""
    ids = torch.randint(0, 1000, (STEPS + 20,), generator=torch.Generator().manual_seed(6))
    out = loaded.model(input_ids=ids[None, :20], use_cache=True)
    for index in range(20, len(ids)):
        out = loaded.model(input_ids=ids[None, index : index + 1], cache=out.cache, use_cache=True)
    theirs = logits(published, published["model.embed_tokens.weight"][ids])

    torch.testing.assert_close(out.logits[0, -1], theirs[-1], rtol=1e-3, atol=1e-3)


def published_config(folder: Path, architecture: str) -> dict[str, Any]:
    """The published config.json of the full-size model."""
    write_checkpoint(folder, FULL)
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return {**config, "architectures": [architecture]}


def test_the_published_configuration_gives_a_model_of_the_published_size(tmp_path: Path) -> None:
    values = native_values(published_config(tmp_path, "DeepseekOCRForCausalLM"), 8192)
    assert values is not None
    with torch.device("meta"):
        config = transformers.UnlimitedOcrConfig(**values)
        model = transformers.UnlimitedOcrForConditionalGeneration(config)
    unused = 1024 * 3 * 14 * 14

    assert sum(parameter.numel() for parameter in model.parameters()) == PUBLISHED - unused


def test_the_published_configuration_of_the_second_model_gives_its_encoder(tmp_path: Path) -> None:
    values = native_values(published_config(tmp_path, "DeepseekOCR2ForCausalLM"), 8192)
    assert values is not None
    with torch.device("meta"):
        config = transformers.DeepseekOcr2Config(**values)
        tower = transformers.DeepseekOcr2ForConditionalGeneration(config).model.vision_tower

    assert tower.query_768_resolution.weight.shape == (144, 896)
    assert tower.query_1024_resolution.weight.shape == (256, 896)
    assert tower.sam_encoder.proj.conv2.weight.shape == (896, 512, 3, 3)


def test_features_are_ordered_tiles_first_row_by_row_with_newlines(
    loaded: Loaded, published: Tensors
) -> None:
    chance = torch.Generator().manual_seed(7)
    whole = torch.randn(1, 3, 1024, 1024, generator=chance)
    tiles = torch.randn(2, 3, 640, 640, generator=chance)
    model = loaded.model.model
    features = model.get_image_features(whole, tiles, [2], [[2, 1]]).pooler_output[0]

    def encode(views: torch.Tensor) -> torch.Tensor:
        return model.multi_modal_projector(model.vision_tower(views).last_hidden_state)

    newline = published["model.image_newline"][None]
    both, one = encode(tiles).view(2, 10, 10, HIDDEN), encode(whole).view(16, 16, HIDDEN)
    rows = [torch.cat((both[0, row], both[1, row], newline)) for row in range(10)]
    rows += [torch.cat((one[row], newline)) for row in range(16)]
    expected = torch.cat((*rows, published["model.view_seperator"][None]))

    assert len(expected) == 10 * 21 + 273
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)
