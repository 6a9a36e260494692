"""Runs small real fleets and the model of them, and states the error of the model.

    python -m benchmarks.simulator validate

Each fleet has an embedded Redis, a file store and 1, 2 or 4 pages processes of the fake engine,
whose pages take a fixed time. That time is long, so that the processor is not the limit. What a
page takes beside it is measured in a first fleet with another number of pages in flight, which no
row of the table uses. The time runs from the submission to the document.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from pydantic import SecretStr

from benchmarks.documents import numbered_pdf
from benchmarks.simulator.corpus import Document
from benchmarks.simulator.fleet import simulate
from benchmarks.simulator.parameters import FREE_STORE, Control, Engine, Model, Tenants
from producer.connections import Connections
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings, as_environment, load_settings
from shared.processes.parent_death import die_with_parent
from shared.processes.python_command import python_command

#: Milliseconds of the fake engine for a page, and its pages in flight.
LATENCY_MS = 400
IN_FLIGHT = 4
#: Rounds of pages in each run.
ROUNDS = 40
#: Processes and documents of each run. Several documents have 1, 2, 3 and so on pages.
RUNS = ((1, 1), (2, 1), (4, 1), (4, 36))
#: Seconds that processes get to start.
START_S = 180.0


@dataclass(frozen=True)
class Row:
    """A real run and its simulation, in seconds."""

    processes: int
    sizes: tuple[int, ...]
    real_s: float
    simulated_s: float

    def line(self) -> str:
        """A row of the table."""
        error = self.simulated_s / self.real_s - 1
        counts = f"| {self.processes} | {len(self.sizes)} | {sum(self.sizes)}"
        return f"{counts} | {self.real_s:.1f} | {self.simulated_s:.1f} | {error:+.1%} |"


def main() -> int:
    """Print a row for each fleet."""
    overhead_s = _overhead()
    print(f"a page takes {overhead_s * 1000:.0f} ms beside the engine's {LATENCY_MS} ms\n")
    print("| processes | documents | pages | real s | simulated s | error |\n" + "|---" * 6 + "|")
    for processes, documents in RUNS:
        print(_row(processes, documents, overhead_s).line(), flush=True)
    return 0


def _overhead() -> float:
    """Seconds of a page beside the engine: of one process with two pages in flight."""
    rounds, in_flight = 20, 2
    real_s = _real(1, in_flight, [rounds * in_flight])
    return max(0.0, real_s / rounds - LATENCY_MS / 1000)


def _row(processes: int, documents: int, overhead_s: float) -> Row:
    whole = processes * IN_FLIGHT * ROUNDS
    sizes = [whole] if documents == 1 else list(range(1, documents + 1))
    simulated = simulate(fleet_model(processes, overhead_s), map(Document, sizes))
    real_s = _real(processes, IN_FLIGHT, sizes)
    return Row(processes, tuple(sizes), real_s, simulated.seconds)


def fleet_model(processes: int, overhead_s: float, tenants: Tenants | None = None) -> Model:
    """The model of such a fleet: pages in flight, each of which takes a fixed time."""
    latency_s = LATENCY_MS / 1000 + overhead_s
    return Model(
        gpus=processes,
        batch=1,
        engine=Engine(page_s=1e-6, latency_s=latency_s, render_s=0, in_flight=IN_FLIGHT),
        store=FREE_STORE,
        control=replace(Control(), producers=1),
        tenants=tenants or Tenants(),
    )


def _real(processes: int, in_flight: int, sizes: list[int]) -> float:
    """Seconds from the first submission to the last document of a real fleet."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name:
        home = Path(name)
        with EmbeddedBroker(load_settings(home=home)) as broker:
            settings = load_settings(
                home=home,
                redis_url=SecretStr(broker.url),
                engine="fake",
                fake_render=False,
                fake_latency_ms=LATENCY_MS,
                max_concurrency=in_flight,
            )
            with real_fleet(settings, processes):
                # Of another number of pages than any other document, so that its bytes differ.
                convert(settings, [numbered_pdf(home / "warm.pdf", 50 + processes)])
                return convert(settings, [numbered_pdf(home / f"{n}.pdf", n) for n in sizes])[0]


@contextmanager
def real_fleet(settings: Settings, processes: int) -> Iterator[None]:
    """A local fleet with more pages processes beside its own."""
    parent, more = os.getpid(), list[subprocess.Popen[bytes]]()
    environment = as_environment(settings) | {"PAGEFLEET_ROLES": "pages"}
    with LocalFleet(settings, "fake") as fleet:
        fleet.start()
        try:
            for _ in range(processes - 1):
                command = python_command("-m", "workers.cli", "start", "--engine", "fake")
                more.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL,
                        preexec_fn=lambda: die_with_parent(parent),
                    )
                )
            _wait_for(settings, fleet, processes)
            yield
        finally:
            for process in more:
                process.terminate()
            for process in more:
                process.wait()


def _wait_for(settings: Settings, fleet: LocalFleet, processes: int) -> None:
    state, deadline = DispatchState(settings), time.monotonic() + START_S
    while len(state.workers.live("fake")) < processes:
        fleet.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not all {processes} processes started in {START_S:.0f} s")
        time.sleep(0.2)
    state.close()


def convert(
    settings: Settings, documents: list[Path], labels: Sequence[dict[str, str]] = ()
) -> tuple[float, list[str]]:
    """Submit documents and wait for their ends; returns the seconds and the jobs.

    ``labels`` are those of each document.
    """
    connections, request = Connections(settings), Request(settings, force=True)
    with Intake(settings) as intake:
        submitter = Submitter(
            intake, connections.jobs, connections.dispatch_state, connections.dispatcher
        )
        started = time.monotonic()
        submitted = [
            submitter.submit(Input(str(path), "file"), replace(request, labels=own or {}))
            for path, own in zip_longest(documents, labels)
        ]
        for submission in submitted:
            while connections.jobs.done(submission.manifest.job_id) is None:
                time.sleep(0.05)
        jobs = [submission.manifest.job_id for submission in submitted]
        return time.monotonic() - started, jobs
