"""Ctrl-C, a closed terminal and ``kill`` end a command in good order, and only once."""

import os
import signal
import sys
from types import FrameType

from shared.domain.errors import ExitCode

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_seen = False


def listen() -> None:
    """Turn these signals into KeyboardInterrupt; a second one ends the process at once."""
    for number in _SIGNALS:
        # Ignored for a reason: nohup, or a shell without job control.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def leave(status: int) -> None:
    """End the process, after an interrupt without waiting for threads that read something."""
    if status == ExitCode.INTERRUPTED:
        _leave_now()
    sys.exit(status)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _seen
    if _seen:
        # Children die with this process, and its folders go with the next start.
        _leave_now()
    _seen = True
    raise KeyboardInterrupt


def _leave_now() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, RuntimeError):
            continue
    os._exit(ExitCode.INTERRUPTED)
