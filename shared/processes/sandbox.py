"""A pool of killable helper processes for work on untrusted input.

It limits time, memory and the damage of a crash: a failing call ends its own process and no
other. It is no barrier against code that a document manages to run.

pebble's ProcessPool was not used: there the death of an idle child breaks the whole pool, and all
children share one lock and one pipe, which a killed child can leave held or half written.
Here each child has its own pipe and thread.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from shared.domain.errors import HelperUnavailable
from shared.processes.helper_process import (
    HelperOptions,
    HelperProcess,
    SandboxCrash,
    SandboxError,
    SandboxMemory,
    SandboxTimeout,
)

__all__ = ["Sandbox", "SandboxCrash", "SandboxError", "SandboxMemory", "SandboxTimeout"]

R = TypeVar("R")
#: Calls after which a child is replaced, so that slow leaks don't add up.
MAX_TASKS = 500


@dataclass(frozen=True)
class _Job:
    future: "Future[Any]"
    function: Callable[..., Any]
    args: tuple[Any, ...]
    timeout_s: float


class Sandbox:
    """``processes`` children, started when first needed, each killed and replaced by itself.

    ``memory_mb`` is the MiB that one child may map on top of its modules; those in ``preload``
    are imported before the limit is set and before the first call's time starts. ``niceness`` of
    1 to 19 lowers the children's priority.
    """

    def __init__(
        self,
        name: str,
        processes: int,
        memory_mb: int,
        max_tasks: int = MAX_TASKS,
        preload: Sequence[str] = (),
        niceness: int = 0,
    ) -> None:
        self._options = HelperOptions(name, memory_mb, tuple(preload), niceness)
        self._max_tasks = max_tasks
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._helpers: set[HelperProcess] = set()
        self._threads = [self._thread(number) for number in range(processes)]

    def run(self, function: Callable[..., R], *args: object, timeout_s: float) -> R:
        """Run ``function(*args)`` in a child and wait for its result.

        ``function`` is a module-level function; it, its arguments and its result are pickled.
        ``timeout_s`` counts from the start of the call, not from its submission. Raises what the
        function raised, SandboxTimeout, SandboxMemory, SandboxCrash or HelperUnavailable.
        """
        return self.submit(function, *args, timeout_s=timeout_s).result()

    def submit(self, function: Callable[..., R], *args: object, timeout_s: float) -> "Future[R]":
        """Like ``run`` without waiting; the future can be cancelled until the call starts."""
        future: Future[R] = Future()
        with self._lock:
            if self._closed:
                raise HelperUnavailable("the helper processes were stopped")
            self._jobs.put(_Job(future, function, args, timeout_s))
        return future

    def close(self) -> None:
        """Kill all children at once; waiting and running calls raise HelperUnavailable."""
        with self._lock:
            already, self._closed = self._closed, True
            for helper in self._helpers:
                helper.kill()
        if already:
            return
        self._drop_waiting()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _thread(self, number: int) -> threading.Thread:
        name = f"{self._options.name}-{number}"
        # Daemons: a program without close() can end, and its children end with it.
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        thread.start()
        return thread

    def _drop_waiting(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            if job is not None and job.future.set_running_or_notify_cancel():
                job.future.set_exception(HelperUnavailable("the helper processes were stopped"))

    def _work(self) -> None:
        """The thread of one child. It lives as long as the pool: a child dies with its thread."""
        helper: HelperProcess | None = None
        while (job := self._jobs.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                helper = self._do(job, helper)
        if helper is not None:
            self._retire(helper)

    def _do(self, job: _Job, helper: HelperProcess | None) -> HelperProcess | None:
        """Run ``job`` and settle its future; returns the child for the next job."""
        try:
            helper = self._living(helper)
            result = helper.call(job.function, job.args, job.timeout_s)
        except BaseException as error:  # passed to the caller through the future
            job.future.set_exception(self._as_seen(error))
        else:
            job.future.set_result(result)
        if helper is not None and (not helper.alive or helper.calls >= self._max_tasks):
            self._retire(helper)
            return None
        return helper

    def _as_seen(self, error: BaseException) -> BaseException:
        if self._closed and isinstance(error, SandboxError):
            return HelperUnavailable("the helper processes were stopped")
        return error

    def _living(self, helper: HelperProcess | None) -> HelperProcess:
        if helper is not None and helper.is_running():
            return helper
        if helper is not None:
            self._retire(helper)
        with self._lock:
            if self._closed:
                raise HelperUnavailable("the helper processes were stopped")
            helper = HelperProcess(self._options)
            self._helpers.add(helper)
        return helper

    def _retire(self, helper: HelperProcess) -> None:
        with self._lock:
            self._helpers.discard(helper)
        helper.close()
