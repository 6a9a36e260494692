"""Lets new pages enter the engine in groups, where it would take each one by itself.

A step with a new page is launched kernel by kernel, the vision tower's and the model's, while one
without is a single graph. Page by page, as places become free, the engine's process is busy with
launching all the time and the GPU waits for it; eight pages take it hardly longer than one.
"""

from typing import Any

#: Pages that fill a step's tokens, and the vision tower.
GROUP = 8
#: A group is no more than this share of all places, which stay empty until it is full.
SHARE = 16
#: Steps that a page waits at most for others; each takes some milliseconds.
LONGEST_WAIT = 32


class Gathering:
    """For one scheduler of vLLM, asked before each step."""

    def __init__(self) -> None:
        self._waited = 0

    def holds(self, scheduler: Any) -> bool:
        """Whether this step is to leave the waiting pages where they are."""
        running, places = len(scheduler.running), scheduler.max_num_running_reqs
        ready = min(len(scheduler.waiting), places - running)
        group = min(GROUP, places // SHARE)
        wait = running and 0 < ready < group and self._waited < LONGEST_WAIT
        # A page that has entered in part goes on, and others may go with it.
        if not wait or any(page.is_prefill_chunk for page in scheduler.running):
            self._waited = 0
            return False
        self._waited += 1
        return True
