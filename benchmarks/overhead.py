"""Measures what the fleet costs per page, compared with bare Celery and with a plain loop.

    make bench                              both parts
    python -m benchmarks.overhead --part fake --sizes 10,500,5000
    python -m benchmarks.overhead --part cpu --pages 24

Part "fake" runs the fake engine without rendering on the file store. It prints milliseconds of CPU
time per page and pages per second, and the same for a Celery task that does nothing on the same
broker with the same configuration.

Part "cpu" runs the CPU engine in the fleet, and before and after it in a plain loop with the same
engine and renderer but no fleet. It prints pages per second and CPU seconds per page. The pages
have text layers, so they are read quickly and the fleet's share of the time is large.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

from pydantic import SecretStr

from benchmarks.bare_worker import TASK
from benchmarks.documents import example_pages, numbered_pdf
from benchmarks.plain_loop import plain_loop, timed
from benchmarks.processes import cpu_by_command, cpu_seconds
from producer.connections import Connections
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from shared.broker.celery_app import make_app
from shared.broker.connection import connect
from shared.broker.queues import MAINTENANCE, declare
from shared.config.settings import Settings, as_environment, load_settings
from shared.processes.parent_death import die_with_parent

#: Number of measured tasks that do nothing.
BARE_TASKS = 5000
#: Threads of the worker that runs them.
THREADS = 16


def main() -> int:
    """Run the selected parts; print a line per measurement and a JSON summary."""
    arguments = _arguments()
    summary: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count()}
    with (
        tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name,
        EmbeddedBroker(load_settings(home=name)) as broker,
    ):
        home = Path(name)
        settings = load_settings(home=home, redis_url=SecretStr(broker.url), fake_render=False)
        if "fake" in arguments.part:
            sizes = [int(size) for size in arguments.sizes.split(",")]
            summary["fake"] = measure_fake(settings, home, sizes)
        if "cpu" in arguments.part:
            summary["cpu"] = measure_cpu(settings, home, arguments.pages)
    print(json.dumps(summary, indent=2))
    return 0


def measure_fake(settings: Settings, home: Path, sizes: list[int]) -> dict[str, object]:
    """Milliseconds of CPU per page on top of a bare Celery task, for each of ``sizes`` in pages."""
    bare_ms, bare_speed = measure_bare(settings)
    _print(f"bare Celery task: {bare_ms:.2f} ms CPU, {bare_speed:.0f} tasks/s")
    result: dict[str, object] = {"bare_ms": bare_ms, "bare_per_s": bare_speed}
    with running_fleet(settings, "fake") as convert:
        convert(numbered_pdf(home / "warm.pdf", 64))
        for size in sizes:
            document = numbered_pdf(home / f"n{size}.pdf", size)
            result[str(size)] = _measure_document(convert, document, bare_ms)
    return result


def _measure_document(
    convert: Callable[[Path], int], document: Path, bare_ms: float
) -> dict[str, float]:
    """CPU milliseconds per page and pages per second of one ``document``."""
    before, by_command, started = cpu_seconds(), cpu_by_command(), time.perf_counter()
    pages = convert(document)
    pages_per_s = pages / (time.perf_counter() - started)
    ms = (cpu_seconds() - before) * 1000 / pages
    ms_by_command = {
        command: round((seconds - by_command.get(command, 0.0)) * 1000 / pages, 2)
        for command, seconds in cpu_by_command().items()
    }
    _print(
        f"{pages} pages: {ms:.2f} ms CPU a page, {ms - bare_ms:.2f} on top of bare, "
        f"{pages_per_s:.0f} pages/s {ms_by_command}"
    )
    return {"ms": ms, "on_top_ms": ms - bare_ms, "pages_per_s": pages_per_s}


def measure_bare(settings: Settings) -> tuple[float, float]:
    """CPU milliseconds per task, and tasks per second, of a task that does nothing."""
    app = make_app(settings, (MAINTENANCE,))
    queue = declare([MAINTENANCE])[0]
    parent = os.getpid()
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_worker", str(THREADS)],
        env=as_environment(settings),
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        _send(app, queue, 200)
        _wait_empty(settings, worker)
        before, started = cpu_seconds(), time.perf_counter()
        _send(app, queue, BARE_TASKS)
        _wait_empty(settings, worker)
        elapsed = time.perf_counter() - started
        return (cpu_seconds() - before) * 1000 / BARE_TASKS, BARE_TASKS / elapsed
    finally:
        worker.terminate()
        worker.wait()
        app.close()


def _send(app: object, queue: object, number: int) -> None:
    with app.producer_or_acquire() as producer, producer.batch():  # type: ignore[attr-defined]
        for i in range(number):
            app.send_task(TASK, args=(i,), queue=queue, producer=producer)  # type: ignore[attr-defined]


def _wait_empty(settings: Settings, worker: "subprocess.Popen[bytes]") -> None:
    with connect(settings) as client:
        while client.llen(f"pagefleet:{MAINTENANCE}") or client.hlen("pagefleet:unacked"):
            if worker.poll() is not None:
                raise RuntimeError("the bare worker exited")
            time.sleep(0.05)


@contextmanager
def running_fleet(settings: Settings, engine: str) -> Iterator[Callable[[Path], int]]:
    """Start a fleet; yields a function that converts a document and returns its pages."""
    connections = Connections(settings)
    request = Request(settings.model_copy(update={"engine": engine}), force=True)
    with LocalFleet(settings, engine) as fleet, Intake(settings) as intake:
        fleet.start()
        submitter = Submitter(
            intake, connections.jobs, connections.dispatch_state, connections.dispatcher
        )

        def convert(document: Path) -> int:
            submission = submitter.submit(Input(str(document), "file"), request)
            while (done := connections.jobs.done(submission.manifest.job_id)) is None:
                fleet.check()
                time.sleep(0.05)
            assert done.counts.ok == submission.pages, done
            return submission.pages

        yield convert


def measure_cpu(settings: Settings, home: Path, pages: int) -> dict[str, object]:
    """The speed of the fleet and of a plain loop with the same engine, before and after it.

    If the two loops differ much, the machine had other work and only the CPU seconds are valid.
    """
    document = example_pages(home / "pages.pdf", pages)
    before = plain_loop(settings, document, pages)
    with running_fleet(settings, "cpu") as convert:
        convert(example_pages(home / "warm-cpu.pdf", 4))
        fleet = timed(lambda: convert(document), pages)
    loops = (before, plain_loop(settings, document, pages))
    for name, speed in (("loop", loops[0]), ("fleet", fleet), ("loop again", loops[1])):
        _print(f"{name}: {speed.pages_per_s:.3f} pages/s, {speed.cpu_s:.3f} s of CPU a page")
    loop = mean(speed.pages_per_s for speed in loops)
    loop_cpu = mean(speed.cpu_s for speed in loops)
    ratio, cpu_ratio = fleet.pages_per_s / loop, fleet.cpu_s / loop_cpu
    _print(
        f"the fleet reaches {ratio:.1%} of the loop's pages/s and uses {cpu_ratio:.1%} of its CPU"
    )
    return {
        "loop_pages_per_s": loop,
        "fleet_pages_per_s": fleet.pages_per_s,
        "ratio": ratio,
        "loop_cpu_s": loop_cpu,
        "fleet_cpu_s": fleet.cpu_s,
        "cpu_ratio": cpu_ratio,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="fake,cpu")
    parser.add_argument("--sizes", default="10,100,1000,5000")
    parser.add_argument("--pages", type=int, default=24)
    return parser.parse_args()


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
