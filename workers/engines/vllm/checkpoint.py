"""Checks a checkpoint folder and the parallel sizes before the model is loaded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.domain.errors import EngineUnavailable
from workers.engines.deepseek.modes import Family, family_of

_FAMILIES: dict[str, Family] = {
    "DeepseekOCRForCausalLM": "ocr",
    "DeepseekOCR2ForCausalLM": "ocr2",
}
#: Sizes of the published models, for models that are not a local folder.
_HEADS, _LAYERS = 10, 12
_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Checkpoint:
    """The properties of a model that are needed before it is loaded."""

    family: Family
    heads: int
    layers: int


def examine(model: str, *, weights: bool) -> Checkpoint:
    """Check ``model``, a folder or a hub name; raises EngineUnavailable with advice.

    ``weights``: False if the engine uses random weights.
    """
    folder = Path(model)
    if not folder.is_dir():
        if model.startswith(("/", "./", "../", "~")):
            raise EngineUnavailable(f"there is no model folder {model}")
        return Checkpoint(family_of(model), _HEADS, _LAYERS)
    config = _config(folder)
    family = _family(folder, config)
    _check_files(folder, weights=weights)
    language = config.get("language_config", config)
    return Checkpoint(
        family,
        _size(folder, language, "num_attention_heads"),
        _size(folder, language, "num_hidden_layers"),
    )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise EngineUnavailable(f"{folder} is no checkpoint: config.json is missing") from None
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"{folder}/config.json can't be read: {error}") from None
    if not isinstance(config, dict):
        raise EngineUnavailable(f"{folder}/config.json does not describe a model")
    return config


def _family(folder: Path, config: dict[str, Any]) -> Family:
    architectures = config.get("architectures") or ["none"]
    families = [_FAMILIES[name] for name in architectures if name in _FAMILIES]
    if not families:
        raise EngineUnavailable(
            f"{folder} holds the architecture {', '.join(map(str, architectures))}; "
            f"the vllm engine reads {' and '.join(_FAMILIES)}"
        )
    return families[0]


def _check_files(folder: Path, *, weights: bool) -> None:
    if not (folder / _TOKENIZER).is_file():
        raise EngineUnavailable(f"{folder} is not a complete checkpoint: {_TOKENIZER} is missing")
    if not weights:
        return
    missing = [name for name in _shards(folder) if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailable(
            f"{folder} is not a complete checkpoint: {missing[0]} is missing; download it again"
        )


def _shards(folder: Path) -> list[str]:
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            return sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EngineUnavailable(f"{index} can't be read: {error}") from None
    return [] if any(folder.glob("*.safetensors")) else ["model.safetensors"]


def _size(folder: Path, language: dict[str, Any], name: str) -> int:
    value = language.get(name)
    if not isinstance(value, int) or value < 1:
        raise EngineUnavailable(f"{folder}/config.json does not contain {name}")
    return value


def check_parallel(checkpoint: Checkpoint, tensor: int, pipeline: int) -> None:
    """Raise EngineUnavailable if the model can't be split into ``tensor`` or ``pipeline`` parts."""
    if checkpoint.heads % tensor:
        fitting = [n for n in range(1, checkpoint.heads + 1) if checkpoint.heads % n == 0]
        raise EngineUnavailable(
            f"tensor_parallel_size {tensor} does not divide the model's {checkpoint.heads} "
            f"attention heads; use one of {', '.join(map(str, fitting))}"
        )
    if pipeline > checkpoint.layers:
        raise EngineUnavailable(
            f"pipeline_parallel_size {pipeline} is more than the model's {checkpoint.layers} layers"
        )
