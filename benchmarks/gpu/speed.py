"""Speed away from the two ends of a run."""

#: The middle has to last at least this share of the run; waves of pages that end together don't.
LEAST_SHARE = 0.3


def steady_speed(begin: float, ends: list[float]) -> float | None:
    """Pages per second between the first and the last fifth of the pages.

    ``ends`` holds the second in which each page ended, ``begin`` that of the first submission;
    None where the pages are too few, or most of them ended at once.
    """
    times = sorted(ends)
    fifth = len(times) // 5
    first, last = fifth, len(times) - 1 - fifth
    if last - first < 2 or times[last] - times[first] < LEAST_SHARE * (times[-1] - begin):
        return None
    return (last - first) / (times[last] - times[first])
