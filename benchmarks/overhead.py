"""Measures the fleet with the CPU engine against a plain loop, both on this machine.

    python -m benchmarks.overhead --pages 24

Runs the CPU engine in the fleet, and before and after it in a plain loop with the same engine and
renderer but no fleet. It prints pages per second and CPU seconds per page. The pages have text
layers, so they are read quickly and the fleet's share of the time is large. What the fleet alone
costs is measured by ``benchmarks.scale``.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

from pydantic import SecretStr

from benchmarks.documents import example_pages
from benchmarks.plain_loop import plain_loop, timed
from producer.connections import Connections
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from shared.config.settings import Settings, load_settings


def main() -> int:
    """Print a line per measurement and a JSON summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=24)
    pages = parser.parse_args().pages
    with (
        tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name,
        EmbeddedBroker(load_settings(home=name)) as broker,
    ):
        home = Path(name)
        settings = load_settings(home=home, redis_url=SecretStr(broker.url))
        summary = measure_cpu(settings, home, pages)
    print(json.dumps({**_machine(), "cpu": summary}, indent=2))
    return 0


def _machine() -> dict[str, object]:
    return {"python": platform.python_version(), "cores": os.cpu_count()}


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


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
