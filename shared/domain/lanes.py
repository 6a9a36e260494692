"""The lanes of a pool: one for each priority, and the quarantine."""

from enum import StrEnum
from typing import Literal, get_args

Priority = Literal["high", "normal", "low"]
#: Most urgent first.
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class Lane(StrEnum):
    """A class of a pool's pages, most urgent first; pages in quarantine run alone."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    QUARANTINE = "quarantine"
