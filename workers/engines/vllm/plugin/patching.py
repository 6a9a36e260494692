"""Replaces methods of vLLM by ours, and finds its own behind them."""

import functools
from collections.abc import Callable
from importlib import import_module
from typing import Any

_MARK = "_pagefleet_original"


def replace(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    """Put ``wrap`` of a method in its place, once."""
    original = getattr(owner, name)
    if not hasattr(original, _MARK):
        wrapped = functools.wraps(original)(wrap(original))
        setattr(wrapped, _MARK, original)
        setattr(owner, name, wrapped)


def replace_at(place: str, wrap: Callable[[Any], Any]) -> None:
    """The same for "module:Class.method", if this version has it."""
    module, path = place.split(":")
    cls, method = path.split(".")
    owner = getattr(import_module(module), cls, None)
    if hasattr(owner, method):
        replace(owner, method, wrap)


def original_of(method: Any) -> Any:
    """vLLM's own method behind one of ours."""
    return getattr(method, _MARK)
