"""The native configuration that a checkpoint's own config.json stands for.

DeepSeek-OCR has no class of its own in transformers. Unlimited-OCR's has the same layers, and
reads the same names of weights; what differs is its attention, which forgets what it wrote long
ago. With every layer told to attend to all, nothing of that is left.
"""

from typing import Any

from shared.domain.errors import EngineUnavailable
from workers.engines.deepseek.modes import Family

#: Names by which a checkpoint says what it is: as published, then as transformers writes it.
_FAMILIES: dict[str, Family] = {
    "DeepseekOCRForCausalLM": "ocr",
    "UnlimitedOcrForConditionalGeneration": "ocr",
    "DeepseekOCR2ForCausalLM": "ocr2",
    "DeepseekOcr2ForConditionalGeneration": "ocr2",
}
_PUBLISHED = frozenset(("DeepseekOCRForCausalLM", "DeepseekOCR2ForCausalLM"))
_TEXT_FIELDS = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "num_key_value_heads", "max_position_embeddings"),
    *("moe_intermediate_size", "n_routed_experts", "n_shared_experts", "num_experts_per_tok"),
    *("n_group", "topk_group", "topk_method"),
    *("bos_token_id", "eos_token_id"),
)
#: DeepSeek-OCR-2's encoder, which its own config.json names but does not describe.
_OCR2_ENCODER = {
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 24,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    "max_position_embeddings": 131_072,
}


def family_in(config: dict[str, Any], model: str) -> Family:
    """The family of the checkpoint with ``config``; raises EngineUnavailable."""
    named = config.get("architectures") or ["none"]
    known = [_FAMILIES[name] for name in named if name in _FAMILIES]
    if not known:
        raise EngineUnavailable(
            f"{model} holds the architecture {', '.join(map(str, named))}; the transformers "
            f"engine reads {', '.join(_FAMILIES)}"
        )
    return known[0]


def native_values(config: dict[str, Any], longest: int) -> dict[str, Any] | None:
    """Arguments of the native configuration class; None where ``config`` is native already."""
    if not _PUBLISHED & set(config["architectures"]):
        return None
    language = config["language_config"]
    text: dict[str, Any] = {name: language[name] for name in _TEXT_FIELDS if name in language}
    text["rms_norm_eps"] = language.get("rms_norm_eps", 1e-6)
    theta = float(language.get("rope_theta", 10_000.0))
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": theta}
    layers, dense = text["num_hidden_layers"], language.get("first_k_dense_replace", 1)
    text["mlp_layer_types"] = ["dense" if n < dense else "sparse" for n in range(layers)]
    width = config["vision_config"]["width"]
    if "DeepseekOCRForCausalLM" in config["architectures"]:
        # The class asks for a window even where no layer has one.
        text |= {"sliding_window": longest, "layer_types": ["full_attention"] * layers}
        vision = {"sam_config": _sam(width), "encoder_config": _clip(width["clip-l-14-224"])}
    else:
        vision = {"sam_config": _sam(width, last=896), "encoder_config": dict(_OCR2_ENCODER)}
    return {"text_config": text, "vision_config": vision, "tie_word_embeddings": False}


def _sam(width: dict[str, Any], last: int | None = None) -> dict[str, Any]:
    sam = width["sam_vit_b"]
    channels = list(sam["downsample_channels"])
    return {
        "hidden_size": sam["width"],
        "num_hidden_layers": sam["layers"],
        "num_attention_heads": sam["heads"],
        "global_attn_indexes": list(sam["global_attn_indexes"]),
        "downsample_channels": channels if last is None else [*channels[:-1], last],
        "mlp_dim": 4 * sam["width"],
    }


def _clip(clip: dict[str, Any]) -> dict[str, Any]:
    return {
        "hidden_size": clip["width"],
        "num_hidden_layers": clip["layers"],
        "num_attention_heads": clip["heads"],
        "intermediate_size": 4 * clip["width"],
        "image_size": clip["image_size"],
        "patch_size": clip["patch_size"],
    }
