"""A killable child process that runs functions, seen from its parent."""

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from shared.config.environment import helper_environment
from shared.config.import_folders import trusted
from shared.domain.errors import HelperUnavailable, PagefleetError
from shared.processes.python_command import python_command
from shared.processes.sandbox_child import Reply

START_TIMEOUT_S = 120.0
REAP_TIMEOUT_S = 10.0
#: Replies above this size are treated as a protocol error.
MAX_REPLY_BYTES = 256 * 1024 * 1024
# The parent's main module is not imported again, unlike with multiprocessing's "spawn".
_BOOT = (
    "import json, sys; a = json.loads(sys.argv[1]); sys.path[:] = a.pop('path');"
    "from shared.processes.sandbox_child import serve; serve(**a)"
)


class SandboxError(PagefleetError):
    """A call ended its helper process; the next call gets a new one."""


class SandboxTimeout(SandboxError):
    """The call exceeded its time limit."""


class SandboxMemory(SandboxError):
    """The call exceeded its memory limit, or the machine ran out of memory."""


class SandboxCrash(SandboxError):
    """The process died; ``how`` is a signal's name ("SIGSEGV") or "exit status N"."""

    def __init__(self, how: str) -> None:
        super().__init__(f"the helper process died ({how})")
        self.how = how


@dataclass(frozen=True)
class HelperOptions:
    """How to start helpers; ``memory_mb`` MiB come on top of the ``preload`` modules' memory."""

    name: str
    memory_mb: int
    preload: Sequence[str] = ()
    niceness: int = 0


class HelperProcess:
    """A started child. Only the thread that started it may call it: the child dies with it."""

    def __init__(self, options: HelperOptions) -> None:
        """Start the child without waiting for it; raises HelperUnavailable."""
        self.calls = 0
        self.alive = True
        self._ready = False
        self._connection, theirs = Pipe(duplex=True)
        try:
            self._process = _start(options, theirs)
        except OSError as error:
            self._connection.close()
            raise HelperUnavailable(f"can't start a helper process: {error.strerror}") from None
        finally:
            theirs.close()

    def call(self, function: Callable[..., Any], args: Sequence[Any], timeout_s: float) -> Any:
        """``function(*args)`` run in the child; raises what it raised, or a SandboxError.

        After a SandboxError or HelperUnavailable the child is dead and this object unusable.
        """
        request = pickle.dumps((function, tuple(args), timeout_s))
        self._await_ready()
        self.calls += 1
        return self._unwrap(self._exchange(request, timeout_s))

    def is_running(self) -> bool:
        """Whether the child can take a call; an idle child may have been killed meanwhile."""
        return self.alive and self._process.poll() is None

    def kill(self) -> None:
        """End the child at once; may be called from any thread."""
        self.alive = False
        self._process.kill()

    def close(self) -> None:
        """Kill the child, wait for its end and close the connection."""
        self.kill()
        self._reap()
        self._connection.close()

    def _await_ready(self) -> None:
        if self._ready:
            return
        try:
            if not self._connection.poll(START_TIMEOUT_S):
                self.close()
                raise HelperUnavailable("a helper process did not start in time")
            self._connection.recv_bytes(MAX_REPLY_BYTES)
        except (EOFError, OSError):
            how = self._exit_reason()
            raise HelperUnavailable(f"a helper process died while it started ({how})") from None
        self._ready = True

    def _exchange(self, request: bytes, timeout_s: float) -> Reply:
        try:
            self._connection.send_bytes(request)
            if not self._connection.poll(timeout_s):
                self.close()
                raise SandboxTimeout(f"took longer than {timeout_s:g} s")
            reply: Reply = pickle.loads(self._connection.recv_bytes(MAX_REPLY_BYTES))
        except (EOFError, OSError):
            raise self._error_of_death() from None
        return reply

    def _unwrap(self, reply: Reply) -> Any:
        kind, value = reply
        if kind == "result":
            return value
        if kind == "memory":
            # The failed allocation may have left the child in an inconsistent state.
            self.close()
            raise SandboxMemory("exceeded its memory limit")
        error, trace = value
        if trace and not isinstance(error, PagefleetError):
            error.add_note(f"In the helper process:\n{trace}")
        raise error

    def _error_of_death(self) -> SandboxError:
        how = self._exit_reason()
        if how == "SIGXCPU":
            return SandboxTimeout("exceeded its processor time")
        if how == "SIGKILL":
            # Only the kernel's out-of-memory killer: kills by this class never get here.
            return SandboxMemory("was killed by the system, which ran out of memory")
        return SandboxCrash(how)

    def _exit_reason(self) -> str:
        """Wait for the child's end; returns how it ended."""
        self.alive = False
        # First, so that a child which is still sending gets an error.
        self._connection.close()
        code = self._reap()
        if code is None:
            return "it does not end"
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def _reap(self) -> int | None:
        try:
            return self._process.wait(REAP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return None


def _start(options: HelperOptions, theirs: Connection) -> "subprocess.Popen[bytes]":
    arguments = {
        "path": trusted(sys.path),
        "fd": theirs.fileno(),
        "parent": os.getpid(),
        "name": options.name,
        "memory_mb": options.memory_mb,
        "preload": list(options.preload),
        "niceness": options.niceness,
    }
    return subprocess.Popen(
        python_command("-c", _BOOT, json.dumps(arguments)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        env=helper_environment(),
        # A signal for the whole process group must not reach it: it dies with its parent, after
        # the pages in flight.
        process_group=0,
    )
