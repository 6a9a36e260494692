"""Lets new pages enter the engine in groups instead of one by one.

A step that contains a new page launches the kernels of vision tower and model one by one; a step
without new pages is one CUDA graph. If pages enter one by one as slots become free, the engine's
process launches kernels all the time and the GPU waits. Eight new pages take it hardly longer than
one.
"""

from typing import Any

from workers.engines.vllm.plugin.process_guard import crash_report_path

#: Pages of a full group; they fill a step's tokens and the vision tower.
GROUP = 8
#: A group is at most 1/16 of all slots, because the slots stay empty until the group is full.
SLOTS_PER_GROUP_PAGE = 16
#: Most steps that a page waits for others; a step takes some milliseconds.
LONGEST_WAIT = 32
_ATTRIBUTE = "_pagefleet_prefill_batching"


class PrefillBatching:
    """The state for one vLLM scheduler, consulted before each step."""

    def __init__(self) -> None:
        self._waited = 0

    def delays(self, scheduler: Any) -> bool:
        """Whether waiting pages must not enter in this step."""
        running, slots = len(scheduler.running), scheduler.max_num_running_reqs
        ready = min(len(scheduler.waiting), slots - running)
        group = min(GROUP, slots // SLOTS_PER_GROUP_PAGE)
        wait = running and 0 < ready < group and self._waited < LONGEST_WAIT
        # A page whose prefill is split over steps needs such a step anyway, so others may join it.
        if not wait or any(page.is_prefill_chunk for page in scheduler.running):
            self._waited = 0
            return False
        self._waited += 1
        return True


def should_throttle_prefills(original: Any) -> Any:
    """``EngineCore._should_throttle_prefills`` that delays pages until a group is full."""

    def wrapper(self: Any) -> bool:
        if crash_report_path(self) is None:
            return bool(original(self))
        batching: PrefillBatching = self.__dict__.setdefault(_ATTRIBUTE, PrefillBatching())
        delays = batching.delays(self.scheduler)
        if delays:
            # Otherwise waiting pages would still enter while the scheduler has capacity.
            self.scheduler.prefill_capacity_bound = False
        return delays

    return wrapper
