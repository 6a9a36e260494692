"""Lets one thread open files without the rights of root."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

UNPRIVILEGED = 65534


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
