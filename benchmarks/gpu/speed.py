"""Speed of a run without its beginning and end."""

from dataclasses import dataclass

#: The middle must last at least this share of the run; a wave of pages that end together does not.
LEAST_SHARE = 0.3


@dataclass(frozen=True)
class Middle:
    """The time between the first and the last fifth of the pages."""

    begin: float
    end: float
    pages_per_s: float


def middle(begin: float, ends: list[float]) -> Middle | None:
    """The steady part of a run.

    ``ends``: the time at which each page ended. ``begin``: the time of the first submission. None
    if there are too few pages, or most of them ended at once.
    """
    times = sorted(ends)
    fifth = len(times) // 5
    first, last = fifth, len(times) - 1 - fifth
    if last - first < 2 or times[last] - times[first] < LEAST_SHARE * (times[-1] - begin):
        return None
    seconds = times[last] - times[first]
    return Middle(times[first], times[last], (last - first) / seconds)
