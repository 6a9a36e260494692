"""What runs inside a helper process: its limits, and the loop that answers one call at a time."""

import ctypes
import importlib
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

MEBIBYTE = 1024 * 1024
MAX_OPEN_FILES = 256
#: Largest file that a helper may write; a decrypted document is the largest of them.
MAX_FILE_BYTES = 8192 * MEBIBYTE
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

ReplyKind = Literal["ready", "result", "error", "memory"]
Reply = tuple[ReplyKind, Any]
Call = tuple[Callable[..., Any], tuple[Any, ...]]


def serve(fd: int, parent: int, name: str, memory_mb: int, preload: Sequence[str]) -> None:
    """Answer calls from the connection ``fd`` until it closes."""
    harden(name, parent)
    for module in preload:
        importlib.import_module(module)
    # After the imports: the limit is for what documents need, not for the libraries.
    limit_memory(memory_mb)
    connection = Connection(fd)
    connection.send_bytes(pickle.dumps(("ready", None)))
    try:
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def harden(name: str, parent: int) -> None:
    """Bound this process and tie its life to the thread that started it.

    ``parent`` is that process's id. SIGINT is left to the parent; SIGTERM ends this process.
    """
    _die_with_parent(parent)
    _set_name(name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)


def limit_memory(memory_mb: int) -> None:
    """Let this process map ``memory_mb`` MiB more than it has mapped now."""
    _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_mb * MEBIBYTE)


def _limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (soft, hard))


def _mapped_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # The parent may have died before the call above.
    if os.getppid() != parent:
        os._exit(1)


def _set_name(name: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def _answer(request: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(request)
        return pickle.dumps(("result", function(*arguments)))
    except MemoryError as error:
        return pickle.dumps(("memory", str(error)))
    except Exception as error:  # the edge: whatever a call raises belongs to its caller
        return _failure(error)


def _failure(error: Exception) -> bytes:
    """``error`` pickled, or its text where it can't cross."""
    try:
        reply = pickle.dumps(("error", (error, traceback.format_exc(limit=-6))))
        pickle.loads(reply)
    except Exception:  # any exception's own pickling code may fail in any way
        stand_in = RuntimeError(f"{type(error).__name__}: {error}")
        return pickle.dumps(("error", (stand_in, "")))
    return reply
