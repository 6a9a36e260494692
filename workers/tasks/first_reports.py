"""Remembers which jobs were reported, so that a log names each of them once."""

import threading

#: Jobs remembered at most.
MAX_REMEMBERED = 10_000


class FirstReports:
    """Thread-safe; forgets all jobs when there are too many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: set[str] = set()

    def is_first(self, job_id: str) -> bool:
        """True at the first call for a job."""
        with self._lock:
            if len(self._jobs) >= MAX_REMEMBERED:
                self._jobs.clear()
            is_first = job_id not in self._jobs
            self._jobs.add(job_id)
            return is_first
