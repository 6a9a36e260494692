"""Writes tiny checkpoints with random weights: DeepSeek-OCR with published names, and OCR-2."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from tests.support.engines.deepseek_checkpoint import TINY, write_checkpoint

HIDDEN, HEADS, EXPERTS, SHARED = 64, 4, 4, 1
DENSE, MOE = 96, 32
LAYERS = 2
SAM, SAM_LAYERS, CLIP, CLIP_LAYERS = 32, 2, 64, 2
CHANNELS = (48, 64)
VOCABULARY = 129280
LANGUAGE: dict[str, Any] = {
    **TINY,
    "hidden_size": HIDDEN,
    "intermediate_size": DENSE,
    "moe_intermediate_size": MOE,
    "n_routed_experts": EXPERTS,
    "n_shared_experts": SHARED,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "num_hidden_layers": LAYERS,
}
_WIDTH = {
    "clip-l-14-224": {"heads": 4, "image_size": 224, "layers": CLIP_LAYERS, "patch_size": 14},
    "sam_vit_b": {"downsample_channels": list(CHANNELS), "global_attn_indexes": [1], "heads": 2},
}
Shapes = Iterator[tuple[str, tuple[int, ...]]]


def write_v1(folder: Path) -> dict[str, torch.Tensor]:
    """Write a tiny DeepSeek-OCR checkpoint; returns its tensors by published name."""
    write_checkpoint(folder, LANGUAGE)
    config = json.loads((folder / "config.json").read_text())
    width = json.loads(json.dumps(_WIDTH))
    width["clip-l-14-224"]["width"] = CLIP
    width["sam_vit_b"] |= {"width": SAM, "layers": SAM_LAYERS}
    config["vision_config"]["width"] = width
    config["projector_config"]["input_dim"] = CLIP + CHANNELS[1]
    (folder / "config.json").write_text(json.dumps(config))
    generator = torch.Generator().manual_seed(11)
    tensors = {name: _random(name, shape, generator) for name, shape in v1_shapes()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return tensors


def _random(name: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    values = torch.randn(shape, generator=generator)
    if name.endswith("norm.weight") or "norm" in name.rsplit(".", 2)[-2]:
        return 1 + 0.1 * values
    fan_in = shape[-1] if len(shape) == 2 else max(1, values[0].numel())
    return values * (1.0 if "embed_tokens" in name else 1.5) / fan_in**0.5


def v1_shapes() -> Shapes:
    """The names and shapes of model-00001-of-000001.safetensors, with tiny sizes."""
    yield from _language()
    yield from _sam()
    yield from _clip()
    yield "model.projector.layers.weight", (HIDDEN, CLIP + CHANNELS[1])
    yield "model.projector.layers.bias", (HIDDEN,)
    yield "model.image_newline", (HIDDEN,)
    yield "model.view_seperator", (HIDDEN,)


def _language() -> Shapes:
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        for part in "qkvo":
            yield f"{at}.self_attn.{part}_proj.weight", (HIDDEN, HIDDEN)
        yield f"{at}.input_layernorm.weight", (HIDDEN,)
        yield f"{at}.post_attention_layernorm.weight", (HIDDEN,)
        if layer == 0:
            yield from _mlp(f"{at}.mlp", DENSE)
            continue
        yield f"{at}.mlp.gate.weight", (EXPERTS, HIDDEN)
        yield from _mlp(f"{at}.mlp.shared_experts", MOE * SHARED)
        for expert in range(EXPERTS):
            yield from _mlp(f"{at}.mlp.experts.{expert}", MOE)


def _mlp(at: str, inner: int) -> Shapes:
    yield f"{at}.gate_proj.weight", (inner, HIDDEN)
    yield f"{at}.up_proj.weight", (inner, HIDDEN)
    yield f"{at}.down_proj.weight", (HIDDEN, inner)


def _sam() -> Shapes:
    at = "model.sam_model"
    yield f"{at}.pos_embed", (1, 64, 64, SAM)
    yield f"{at}.patch_embed.proj.weight", (SAM, 3, 16, 16)
    yield f"{at}.patch_embed.proj.bias", (SAM,)
    for layer in range(SAM_LAYERS):
        block = f"{at}.blocks.{layer}"
        reach = 64 if layer == 1 else 14
        for axis in "hw":
            yield f"{block}.attn.rel_pos_{axis}", (2 * reach - 1, SAM // 2)
        for name, rows, columns in (("attn.qkv", 3, 1), ("attn.proj", 1, 1)):
            yield f"{block}.{name}.weight", (rows * SAM, columns * SAM)
            yield f"{block}.{name}.bias", (rows * SAM,)
        for name, rows, columns in (("mlp.lin1", 4, 1), ("mlp.lin2", 1, 4)):
            yield f"{block}.{name}.weight", (rows * SAM, columns * SAM)
            yield f"{block}.{name}.bias", (rows * SAM,)
        yield from _norms(f"{block}.norm1", f"{block}.norm2", size=SAM)
    yield f"{at}.neck.0.weight", (256, SAM, 1, 1)
    yield f"{at}.neck.2.weight", (256, 256, 3, 3)
    yield from _norms(f"{at}.neck.1", f"{at}.neck.3", size=256)
    yield f"{at}.net_2.weight", (CHANNELS[0], 256, 3, 3)
    yield f"{at}.net_3.weight", (CHANNELS[1], CHANNELS[0], 3, 3)


def _clip() -> Shapes:
    at = "model.vision_model"
    yield f"{at}.embeddings.class_embedding", (CLIP,)
    yield f"{at}.embeddings.position_embedding.weight", (257, CLIP)
    # Published but unused: SAM's features replace the patches.
    yield f"{at}.embeddings.patch_embedding.weight", (CLIP, 3, 14, 14)
    yield from _norms(f"{at}.pre_layrnorm", size=CLIP)
    for layer in range(CLIP_LAYERS):
        block = f"{at}.transformer.layers.{layer}"
        for name, rows, columns in (("self_attn.qkv_proj", 3, 1), ("self_attn.out_proj", 1, 1)):
            yield f"{block}.{name}.weight", (rows * CLIP, columns * CLIP)
            yield f"{block}.{name}.bias", (rows * CLIP,)
        for name, rows, columns in (("mlp.fc1", 4, 1), ("mlp.fc2", 1, 4)):
            yield f"{block}.{name}.weight", (rows * CLIP, columns * CLIP)
            yield f"{block}.{name}.bias", (rows * CLIP,)
        yield from _norms(f"{block}.layer_norm1", f"{block}.layer_norm2", size=CLIP)


def _norms(*names: str, size: int) -> Shapes:
    for name in names:
        yield f"{name}.weight", (size,)
        yield f"{name}.bias", (size,)


def write_ocr2(folder: Path) -> None:
    """Write a tiny DeepSeek-OCR-2 checkpoint in transformers' format."""
    import transformers

    write_checkpoint(folder, LANGUAGE)
    torch.manual_seed(12)
    config = transformers.DeepseekOcr2Config(
        text_config={
            "vocab_size": VOCABULARY,
            "hidden_size": HIDDEN,
            "intermediate_size": DENSE,
            "moe_intermediate_size": MOE,
            "n_routed_experts": EXPERTS,
            "n_shared_experts": SHARED,
            "num_attention_heads": HEADS,
            "num_key_value_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "mlp_layer_types": ["dense"] + ["sparse"] * (LAYERS - 1),
            "num_experts_per_tok": 2,
            "n_group": 1,
            "topk_group": 1,
            "max_position_embeddings": 8192,
            "bos_token_id": 0,
            "eos_token_id": 1,
        },
        vision_config={
            "sam_config": {
                "hidden_size": SAM,
                "num_hidden_layers": SAM_LAYERS,
                "num_attention_heads": 2,
                "global_attn_indexes": [1],
                "downsample_channels": list(CHANNELS),
                "mlp_dim": 4 * SAM,
            },
            "encoder_config": {
                "hidden_size": CHANNELS[1],
                "intermediate_size": 96,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "num_key_value_heads": 2,
                "max_position_embeddings": 4096,
            },
        },
    )
    model = transformers.DeepseekOcr2ForConditionalGeneration(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=1.2 / parameter[0].numel() ** 0.5)
    model.save_pretrained(folder)
