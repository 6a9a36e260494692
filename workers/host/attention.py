"""Chooses an engine's attention backend for this machine, without importing a framework."""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import cast

from shared.config.hardware import gpu_generations, has_nvidia_device, has_package
from shared.domain.catalogue import engine_facts

AMPERE, HOPPER, BLACKWELL = 8, 9, 10
_FLASH_ATTN = "pip install --no-build-isolation 'pagefleet[flash-attn]'"


@dataclass(frozen=True)
class Attention:
    """The backend's name in the engine's framework, and the reason for the choice."""

    name: str
    reason: str


def attention_of(engine: str) -> Attention | None:
    """The attention of ``engine``; None for engines without any."""
    chosen = engine_facts(engine).attention
    return cast(Attention, resolve_name(chosen)()) if chosen is not None else None


def transformers_attention() -> Attention:
    """The backend of the language model; the vision tower always uses PyTorch's own."""
    if not has_nvidia_device():
        return Attention("sdpa", "no GPU: PyTorch's own attention")
    if has_package("flash_attn"):
        return Attention("flash_attention_2", "flash-attn is installed")
    missing = f"flash-attn is missing, PyTorch's own is a little slower; {_FLASH_ATTN}"
    return Attention("sdpa", missing)


def vllm_attention() -> Attention:
    """The backend that vLLM prefers on the oldest GPU here; its log names the one it uses."""
    oldest = min(gpu_generations(), default=None)
    if oldest is None:
        return Attention("CPU_ATTN", "no GPU: the attention of vLLM's CPU build")
    if oldest < AMPERE:
        return Attention("TRITON_ATTN", "the GPU is older than Ampere, which flash attention needs")
    if oldest == BLACKWELL and has_package("flashinfer"):
        return Attention("FLASHINFER", "a Blackwell GPU, and flashinfer is installed")
    version = 3 if oldest == HOPPER else 2
    return Attention(
        "FLASH_ATTN", f"flash attention {version} comes with vLLM; flash-attn is not needed"
    )
