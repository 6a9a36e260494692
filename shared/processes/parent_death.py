"""Ends a child process when its parent dies, so that a killed parent leaves no orphans."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int | None = None, deadly: int = signal.SIGKILL) -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux).

    ``parent`` is the expected parent's process id; if that process has died, exit at once.
    On other systems than Linux this does nothing.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(deadly), 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
