"""Starts the worker processes of one machine and restarts those that die.

The supervisor reclaims the pages of a dead process at once, so that they need not wait for their
leases to expire. A thread does this, because a silent broker must not delay the restart of others.
"""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shared.config.environment import PREFIX
from shared.config.settings import Settings, as_environment
from shared.domain.errors import ExitCode
from shared.domain.pools import Pool
from shared.processes.parent_death import die_with_parent
from shared.processes.python_command import python_command
from shared.processes.stop_signals import StopRequests, acting_on_signals
from workers.process.reclaiming import Reclaimer

log = logging.getLogger("pagefleet.supervisor")
POLL_S = 0.2
#: A process that ran longer than this is restarted after the shortest delay.
STABLE_S = 20.0
FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 15.0
#: Seconds beyond its drain time after which a process is killed.
GRACE_S = 15.0
#: Seconds that the end of the supervisor waits for the pages of its processes to be reclaimed;
#: what is not reclaimed then comes back when its leases expire.
RECLAIM_S = 5.0
#: Exit statuses of a process that was told to end; they do not lengthen the delay.
REQUESTED_ENDS = (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
#: Exit statuses that a restart can't change; they end the supervisor.
PERMANENT_FAILURES = (ExitCode.USAGE, ExitCode.REFUSED)


@dataclass(frozen=True)
class ProcessPlan:
    """One process to keep alive; ``pool`` is None for the control process."""

    name: str
    arguments: tuple[str, ...]
    pool: Pool | None = None
    #: Value of CUDA_VISIBLE_DEVICES; None leaves the variable unchanged.
    gpus: str | None = None
    #: Names and values of settings that this process alone gets.
    settings: tuple[tuple[str, str], ...] = ()


@dataclass
class Child:
    """The process of a plan and the history of its restarts."""

    plan: ProcessPlan
    process: "subprocess.Popen[bytes] | None" = None
    worker: str = ""
    started_at: float = 0.0
    starts: int = 0
    delay: float = FIRST_DELAY_S
    not_before: float = 0.0


class Supervisor:
    """Runs until a signal, or until a process ends with a permanent failure."""

    def __init__(self, settings: Settings, plans: Sequence[ProcessPlan], host: str) -> None:
        self._settings = settings
        self._children = [Child(plan) for plan in plans]
        self._host = host
        self._stopping = threading.Event()
        self._requests = StopRequests()
        self._status = int(ExitCode.OK)
        self._reclaiming = Reclaimer(settings)

    def run(self) -> int:
        """Supervise; returns the exit status."""
        with acting_on_signals([signal.SIGTERM, signal.SIGINT], self._stop):
            self._supervise_all()
        return self._status

    def _supervise_all(self) -> None:
        while not self._stopping.is_set():
            for child in self._children:
                self._supervise(child)
            self._stopping.wait(POLL_S)
        self._stop_all()

    def _stop(self) -> None:
        """Runs in the thread of the signals."""
        if self._requests.is_second():  # do not wait for the pages in flight
            for child in self._children:
                process = child.process
                if process is not None:
                    process.kill()
        self._stopping.set()

    def _supervise(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.not_before:
                self._start(child)
        elif child.process.poll() is not None:
            self._on_exit(child, child.process.returncode)

    def _start(self, child: Child) -> None:
        child.starts += 1
        child.worker = f"{self._host}-{os.getpid()}-{child.plan.name}-{child.starts}"
        command = python_command("-m", "workers.cli", "serve", *child.plan.arguments)
        environment = as_environment(self._settings, _unneeded(child.plan))
        if child.plan.gpus is not None:
            environment["CUDA_VISIBLE_DEVICES"] = child.plan.gpus
        environment |= {PREFIX + name.upper(): value for name, value in child.plan.settings}
        parent = os.getpid()
        child.process = subprocess.Popen(
            [*command, "--name", child.worker],
            env=environment,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(parent),
        )
        child.started_at = time.monotonic()

    def _on_exit(self, child: Child, status: int) -> None:
        lived_s = time.monotonic() - child.started_at
        child.process = None
        if child.plan.pool is not None:
            self._reclaiming.add(child.plan.pool.id, child.worker)
        if self._stopping.is_set():
            return
        if status in PERMANENT_FAILURES:
            self._status = status
            self._stopping.set()
            return
        if lived_s > STABLE_S or status in REQUESTED_ENDS:
            child.delay = FIRST_DELAY_S
        child.not_before = time.monotonic() + child.delay
        log.error(
            "process %s ended with %s after %.0f s; starting it again in %.1f s",
            child.worker, _meaning(status), lived_s, child.delay,
        )  # fmt: skip
        child.delay = min(child.delay * 2, LONGEST_DELAY_S)

    def _stop_all(self) -> None:
        running = [child for child in self._children if child.process is not None]
        for child in running:
            assert child.process is not None
            child.process.terminate()
        deadline = time.monotonic() + self._settings.drain_s + GRACE_S
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("process %s did not stop in time, killing it", child.worker)
                child.process.kill()
                child.process.wait()
            self._on_exit(child, child.process.returncode)
        self._reclaiming.finish(RECLAIM_S)


def _unneeded(plan: ProcessPlan) -> tuple[str, ...]:
    """Secrets that the process of a plan does not need."""
    return ("flower_password", "engine_api_key" if plan.pool is None else "webhook_secret")


def _meaning(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
