"""A machine that is lost: its processes are paused, or killed behind a proxy that hides it."""

import os
import signal
from contextlib import suppress

import psutil

from tests.system.outage.plan import Plan


class LostMachine:
    """The supervisor ``pid`` and all processes below it."""

    def __init__(self, plan: Plan, pid: int) -> None:
        self._plan = plan
        self._pid = pid

    def take_away(self) -> None:
        """Pause all its processes at once, or kill them."""
        silent = self._plan.how == "silent"
        self._signal(signal.SIGSTOP if silent else signal.SIGKILL)

    def bring_back(self) -> None:
        """Let paused processes run again, as on a machine that was only cut off."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self._pid)
            # The supervisor first, because it would start its children again.
            for pid in (self._pid, *(child.pid for child in top.children(recursive=True))):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
