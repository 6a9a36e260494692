"""Replaces methods of vLLM, and returns the original of a replaced method."""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

_MARK = "_pagefleet_original"


def replace(target: str, wrap: Callable[[Any], Any]) -> bool:
    """Replace the method "module:Class.method" by ``wrap(original)``; idempotent.

    False if this version of vLLM does not have the method.
    """
    module, path = target.split(":")
    class_name, method = path.split(".")
    owner = getattr(import_module(module), class_name, None)
    if not hasattr(owner, method):
        return False
    original = getattr(owner, method)
    if not hasattr(original, _MARK):
        wrapped = functools.wraps(original)(wrap(original))
        setattr(wrapped, _MARK, original)
        setattr(owner, method, wrapped)
    return True


def is_replaced(method: Any) -> bool:
    """Whether ``method`` replaced one of vLLM's."""
    return hasattr(method, _MARK)


def original_of(method: Any) -> Any:
    """vLLM's own method that ``method`` replaced."""
    return getattr(method, _MARK)
