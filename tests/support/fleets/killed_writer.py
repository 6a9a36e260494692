"""Work in a process of its own that is struck just before one of its writes to the store."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore

WRITES = ("put", "put_new", "put_file", "copy_from")


class StruckStore:
    """The real store; sends its own process ``number`` before the write ``at``, counted from 1.

    Each key that is removed counts, because a request that removes many may come half-way.
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


class Struck:
    """A child of this process that does ``work`` on a store and is struck on its way."""

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
                struck: Any = StruckStore(store, at, number)
                work(JobStore(struck))
                status = 0
            finally:
                os._exit(status)

    def killed(self) -> bool:
        """Wait for its end; False where there was no such write and it came to its own end."""
        _, status = os.waitpid(self._pid, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)

    def stands(self) -> bool:
        """Whether it stands still now; False where it came to its end instead."""
        _, status = os.waitpid(self._pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status) or status == 0
        return os.WIFSTOPPED(status)

    def goes_on(self) -> int:
        """Let it run to its end; its exit status."""
        os.kill(self._pid, signal.SIGCONT)
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)


def everything(store: ObjectStore) -> list[str]:
    """Every key of jobs and markers."""
    return [key for folder in ("jobs/", "open/", "notify/") for key in store.list(folder)]
