"""The lanes of a pool: one queue for each priority, and the quarantine."""

from enum import StrEnum
from typing import Literal, get_args

Priority = Literal["high", "normal", "low"]
#: Most urgent first.
PRIORITIES: tuple[Priority, ...] = get_args(Priority)


class Lane(StrEnum):
    """A queue of a pool, most urgent first; pages in quarantine run alone in their worker."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    QUARANTINE = "quarantine"
