"""Converts a published config.json to a configuration of transformers' own model classes.

transformers has no class for DeepSeek-OCR. The class of Unlimited-OCR has the same layers and
weight names, but sliding-window attention. With every layer set to full attention it computes the
same.
"""

from typing import Any

from shared.domain.errors import EngineUnavailable
from workers.engines.deepseek.modes import Family

#: Architecture names, as published and as transformers writes them.
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
#: The vision encoder of DeepSeek-OCR-2, which its config.json names but does not describe.
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
    architectures = config.get("architectures") or ["none"]
    families = [_FAMILIES[name] for name in architectures if name in _FAMILIES]
    if not families:
        raise EngineUnavailable(
            f"{model} holds the architecture {', '.join(map(str, architectures))}; "
            f"the transformers engine reads {', '.join(_FAMILIES)}"
        )
    return families[0]


def native_values(config: dict[str, Any], longest: int) -> dict[str, Any] | None:
    """Arguments of the configuration class; None if ``config`` is in transformers' format."""
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
        # The class requires a window although no layer uses one.
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
