"""Applies the plugin's patches in every process of vLLM.

vLLM calls ``register`` through the entry point group ``vllm.general_plugins``. Importing this
module through the worker extension does the same where pagefleet is not installed but on the path.
The replacements leave engines and requests that are not pagefleet's unchanged.
"""

from importlib import import_module

from workers.engines.vllm.plugin.patches import PATCHES, Patch
from workers.engines.vllm.plugin.patching import replace


class WorkerExtension:
    """Empty; naming this class makes vLLM import this module in its workers."""


def register() -> None:
    """Apply all patches; idempotent. Raises AttributeError if a required target is missing."""
    for patch in PATCHES:
        if not _apply(patch) and patch.required:
            raise AttributeError(f"this version of vLLM has no {patch.target}")


def _apply(patch: Patch) -> bool:
    module, function = patch.replacement.split(".")
    wrap = getattr(import_module(f"{__package__}.{module}"), function)
    return replace(patch.target, wrap)


register()
