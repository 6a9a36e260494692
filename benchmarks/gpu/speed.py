"""Speed away from the two ends of a run."""


def steady_speed(ends: list[float]) -> float | None:
    """Pages per second between the first and the last fifth of the pages.

    ``ends`` holds the second in which each page ended; None where they are too few.
    """
    times = sorted(ends)
    fifth = len(times) // 5
    first, last = fifth, len(times) - 1 - fifth
    if last - first < 2 or times[last] <= times[first]:
        return None
    return (last - first) / (times[last] - times[first])
