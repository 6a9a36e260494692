"""Work in a child process that gets a signal just before one of its writes to the store."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore

WRITES = ("put", "put_new", "put_file", "copy_from")


class SignallingStore:
    """The real store; sends its own process the signal ``number`` before write ``at``, from 1.

    Each deleted key counts as one write, because a request for many keys may fail half-way.
    """

    def __init__(self, store: ObjectStore, at: int, number: signal.Signals) -> None:
        self._store = store
        self._left = at
        self._number = number

    def delete(self, keys: Iterable[str]) -> None:
        """See ObjectStore."""
        for key in keys:
            self._step()
            self._store.delete([key])

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in WRITES:
            return found

        def write(*arguments: Any) -> Any:
            self._step()
            return found(*arguments)

        return write

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)


class SignalledWork:
    """A child process that does ``work`` on a store and gets a signal at one of its writes."""

    def __init__(
        self,
        work: Callable[[JobStore], object],
        store: ObjectStore,
        at: int,
        number: signal.Signals = signal.SIGKILL,
    ) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            status = 1
            try:
                struck: Any = SignallingStore(store, at, number)
                work(JobStore(struck))
                status = 0
            finally:
                os._exit(status)

    def killed(self) -> bool:
        """Wait for its end; False where it ended normally, because there was no such write."""
        _, status = os.waitpid(self._pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    def is_stopped(self) -> bool:
        """Whether it was stopped; False where it ended normally."""
        _, status = os.waitpid(self._pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status) or status == 0
        return os.WIFSTOPPED(status)

    def resume(self) -> int:
        """Continue it and wait for its end; returns its exit status."""
        os.kill(self._pid, signal.SIGCONT)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def everything(store: ObjectStore) -> list[str]:
    """Every key of jobs and markers."""
    return [key for folder in ("jobs/", "open/", "notify/") for key in store.list(folder)]
