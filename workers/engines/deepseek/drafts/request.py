"""The part of a request that drafts are made of, under its name in vLLM's ``extra_args``."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

REFERENCE = "pagefleet_reference"
#: Benchmarks only: the answer that the model is taken to give.
REPLAY = "pagefleet_replay"


def packed(tokens: Iterable[int]) -> bytes:
    """``tokens`` as 32-bit integers, because a list costs time at each process that it passes."""
    return array("i", tokens).tobytes()


def unpacked(extra_args: Mapping[str, Any] | None, name: str) -> array[int]:
    """The tokens called ``name``; empty if the request has none."""
    tokens: array[int] = array("i")
    tokens.frombytes((extra_args or {}).get(name) or b"")
    return tokens


def may_draft(temperature: float, extra_args: Mapping[str, Any] | None) -> bool:
    """Whether a request drafts: it has a text to draft from, and its answer is not random."""
    return not temperature and bool((extra_args or {}).get(REFERENCE))
