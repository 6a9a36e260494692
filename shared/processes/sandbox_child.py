"""Code inside a helper process: its limits, and the loop that handles one call at a time."""

import ctypes
import gc
import importlib
import math
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
#: Largest file that a helper may write; decrypted documents are the largest.
MAX_FILE_BYTES = 8192 * MEBIBYTE
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_NO_NEW_PRIVS = 38
#: Seconds added to a call's limit of processor time. Normally the parent ends a call by the clock;
#: this limit ends it where the parent can't.
SPARE_CPU_S = 5

ReplyKind = Literal["ready", "result", "error", "memory"]
Reply = tuple[ReplyKind, Any]
Call = tuple[Callable[..., Any], tuple[Any, ...], float]


def serve(
    fd: int, parent: int, name: str, memory_mb: int, preload: Sequence[str], niceness: int
) -> None:
    """Answer calls from the connection ``fd`` until it closes."""
    harden(name, parent)
    os.nice(niceness)
    gc.disable()  # loading modules leaves no garbage; see shared.processes.command_process
    for module in preload:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    # After the imports: the limit is for the memory of documents, not of libraries.
    limit_memory(memory_mb)
    connection = Connection(fd)
    connection.send_bytes(pickle.dumps(("ready", None)))
    try:
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def harden(name: str, parent: int) -> None:
    """Limit this process, and end it when the thread that started it dies.

    ``parent`` is the id of the parent process. SIGINT is ignored, as the parent handles it;
    SIGTERM ends this process.
    """
    _die_with_parent(parent)
    _set_name(name)
    _forbid_new_privileges()
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)


def limit_memory(memory_mb: int) -> None:
    """Limit the mapped memory of this process to ``memory_mb`` MiB more than now."""
    _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_mb * MEBIBYTE)


def limit_cpu(seconds: float) -> None:
    """From now on, limit processor time to ``seconds`` times the cores, and SPARE_CPU_S more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cores = os.cpu_count() or 1
    allowed = math.ceil(used.ru_utime + used.ru_stime + seconds * cores) + SPARE_CPU_S
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(allowed, hard), hard))


def _limit(which: int, value: int) -> None:
    """Set a hard limit, which this process can't raise again."""
    _, hard = resource.getrlimit(which)
    bound = _at_most(value, hard)
    resource.setrlimit(which, (bound, bound))


def _at_most(value: int, hard: int) -> int:
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _mapped_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        return 0  # without /proc the limit counts what is mapped already
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


def _forbid_new_privileges() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _answer(request: bytes) -> bytes:
    try:
        function, arguments, seconds = pickle.loads(request)
        limit_cpu(seconds)
        return pickle.dumps(("result", function(*arguments)))
    except MemoryError as error:
        return pickle.dumps(("memory", str(error)))
    except Exception as error:  # passed to the caller
        return _failure(error)


def _failure(error: Exception) -> bytes:
    """``error`` pickled, or its text where it can't be pickled."""
    try:
        reply = pickle.dumps(("error", (error, traceback.format_exc(limit=-6))))
        pickle.loads(reply)
    except Exception:  # an exception's own pickling code may raise anything
        stand_in = RuntimeError(f"{type(error).__name__}: {error}")
        return pickle.dumps(("error", (stand_in, "")))
    return reply
