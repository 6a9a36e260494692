"""A machine that is lost: its processes are paused, or killed behind a proxy that hides it."""

import signal

from tests.system.failures.machines import signal_tree
from tests.system.outage.plan import Plan


class LostMachine:
    """The supervisor ``pid`` and all processes below it."""

    def __init__(self, plan: Plan, pid: int) -> None:
        self._plan = plan
        self._pid = pid

    def take_away(self) -> None:
        """Pause all its processes at once, or kill them."""
        silent = self._plan.how == "silent"
        signal_tree(self._pid, signal.SIGSTOP if silent else signal.SIGKILL)

    def bring_back(self) -> None:
        """Let paused processes run again, as on a machine that was only cut off."""
        signal_tree(self._pid, signal.SIGCONT)
