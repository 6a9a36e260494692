"""Loads a checkpoint into a model class of transformers."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from shared.domain.errors import EngineUnavailable
from workers.engines.deepseek.modes import Family
from workers.engines.transformers.configuration import family_in, native_values
from workers.host.attention import transformers_attention

OLDEST, NEWEST_BELOW = (5, 20), (6, 0)
_INSTALL = "pip install 'pagefleet[transformers]'"


@dataclass(frozen=True)
class Loaded:
    """A model on its device, with its tokenizer."""

    model: Any
    tokenizer: Any
    family: Family


def installed_version() -> str:
    """The version of transformers; raises EngineUnavailable outside the supported range."""
    try:
        installed = version("transformers")
        version("torch")
    except PackageNotFoundError as error:
        raise EngineUnavailable(
            f"the transformers engine needs the package {error.name}; run: {_INSTALL}"
        ) from None
    major, minor = installed.split(".")[:2]
    if not OLDEST <= (int(major), int(minor)) < NEWEST_BELOW:
        raise EngineUnavailable(
            f"transformers {installed} is not supported: use 5.20 or newer, below 6; {_INSTALL}"
        )
    return installed


def read_config(model: str, revision: str | None = None) -> dict[str, Any]:
    """The checkpoint's own config.json, from a folder or the hub; raises EngineUnavailable."""
    from transformers import PretrainedConfig

    if model.startswith(("/", "./", "../", "~")) and not Path(model).is_dir():
        raise EngineUnavailable(f"there is no model folder {model}")
    try:
        config: dict[str, Any] = PretrainedConfig.get_config_dict(model, revision=revision)[0]
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"{model} can't be loaded: {_first_line(error)}") from None
    if not config:
        raise EngineUnavailable(f"{model} is no checkpoint: config.json is missing")
    return config


def load(model: str, longest: int, revision: str | None = None) -> Loaded:
    """The model in evaluation mode on the GPU, or on the CPU; raises EngineUnavailable."""
    import torch
    from transformers import AutoTokenizer

    _silence_transformers()
    config = read_config(model, revision)
    family = family_in(config, model)
    on_gpu = torch.cuda.is_available()
    try:
        weights, info = _class_of(family).from_pretrained(
            model,
            revision=revision or "main",
            config=_native(config, family, longest),
            dtype=torch.bfloat16 if on_gpu else torch.float32,
            attn_implementation={"text_config": transformers_attention().name},
            output_loading_info=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision or "main")
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise EngineUnavailable(f"{model} can't be loaded: {_first_line(error)}") from error
    _check_complete(model, info)
    return Loaded(weights.eval().to("cuda" if on_gpu else "cpu"), tokenizer, family)


def _silence_transformers() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    # It warns that the checkpoint names another class; that is intended.
    logging.set_verbosity_error()


def _check_complete(model: str, info: dict[str, Any]) -> None:
    """Refuse a checkpoint with missing weights, which transformers would fill at random."""
    wrong = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if wrong:
        raise EngineUnavailable(f"{model} lacks weights, such as {wrong[0]}; download it again")


def _class_of(family: Family) -> Any:
    import transformers

    if family == "ocr2":
        return transformers.DeepseekOcr2ForConditionalGeneration
    return transformers.UnlimitedOcrForConditionalGeneration


def _native(config: dict[str, Any], family: Family, longest: int) -> Any:
    """The configuration object; None lets transformers read the checkpoint's own."""
    import transformers

    values = native_values(config, longest)
    if values is None:
        return None
    if family == "ocr2":
        return transformers.DeepseekOcr2Config(**values)
    return transformers.UnlimitedOcrConfig(**values)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
