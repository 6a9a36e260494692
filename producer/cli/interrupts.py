"""Ctrl-C, a closed terminal and ``kill`` stop a command in order; a later, second one at once."""

import os
import signal
import sys
from types import FrameType

from shared.domain.errors import ExitCode
from shared.processes import command_process
from shared.processes.stop_signals import StopRequests

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_requests = StopRequests()
_interrupted = False


def listen() -> None:
    """Turn these signals into KeyboardInterrupt; a second one ends the process at once.

    Signals of one burst count as one, see shared.processes.stop_signals.
    """
    for number in _SIGNALS:
        # A signal that is ignored stays ignored: nohup, or a shell without job control, set it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def leave(status: int) -> None:
    """End the process; after an interrupt without waiting for threads that block on input."""
    if status == ExitCode.INTERRUPTED:
        _leave_now()
    command_process.end(status)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    global _interrupted
    is_second = _requests.is_second()
    if _interrupted and not is_second:
        return
    if is_second:
        # Child processes end with this one; the next command deletes its folders. Nothing is
        # flushed, because the interrupted code may hold the lock of a stream.
        os._exit(ExitCode.INTERRUPTED)
    _interrupted = True
    raise KeyboardInterrupt


def _leave_now() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, RuntimeError):
            continue
    os._exit(ExitCode.INTERRUPTED)
