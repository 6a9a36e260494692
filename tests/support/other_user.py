"""Lets one thread, or one program, open files without the rights of root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

UNPRIVILEGED = 65534
_PR_CAPBSET_DROP = 24
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


@contextmanager
def without_root_rights() -> Iterator[None]:
    """The thread, and those that it starts, have no rights of root while the block runs."""
    if os.geteuid() != 0:
        yield
        return
    # Unlike os.seteuid, this changes one thread only.
    libc = ctypes.CDLL(None)
    libc.setfsuid(UNPRIVILEGED)
    try:
        yield
    finally:
        libc.setfsuid(0)


def exec_without_root_rights() -> None:
    """For ``preexec_fn``: the program obeys the mode of files, also where root runs it."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "a right of root can't be dropped")
