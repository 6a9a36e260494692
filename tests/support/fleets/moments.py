"""Chooses the interleavings that a test plays: a spread sample, or all with ALL_MOMENTS=1."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Moment = TypeVar("_Moment")
ALL = bool(os.environ.get("ALL_MOMENTS"))


def stride(every: int) -> int:
    """Distance between two moments that a test plays."""
    return 1 if ALL else every


def sampled(moments: Iterable[_Moment], every: int) -> Iterator[_Moment]:
    """The first of ``every`` moments; all of them with ALL_MOMENTS=1."""
    return islice(moments, 0, None, stride(every))
