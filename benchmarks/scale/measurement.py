"""Runs one corpus through a running fleet and counts what a page costs."""

import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.scale.broker_stats import broker_stats, reset
from benchmarks.scale.corpus import write_corpus
from benchmarks.scale.fleet import ENGINE, Services, start, wait_idle
from benchmarks.scale.usage import Usage, usage, wait_cpu
from benchmarks.scale.values import Case, Cost

#: Commands that are named in the result.
SHOWN_COMMANDS = 40
WARM_UP = Case("file", 32, 16, 1)
#: Pages of the dispatch window for the memory of a queued page.
WINDOW_PAGES = 10_000


def warm_up(services: Services) -> None:
    """Wait until the workers have read a small corpus."""
    _submit(services, write_corpus(services.folder / "warm", WARM_UP, "warm"))
    wait_idle(services)


def measure(services: Services, workers: Sequence[int], case: Case, code: str, salt: str) -> Cost:
    """The cost of the pages of ``case``, from submission to the last commit."""
    manifest = write_corpus(services.folder / salt, case, salt)
    roots = (*workers, *services.process_ids)
    reset(services.client)
    before, requests, started = usage(roots), services.requests(), time.perf_counter()
    submit_s = _submit(services, manifest)
    wait_idle(services)
    seconds = time.perf_counter() - started
    after, stats, pages = usage(roots), broker_stats(services.client), case.read_pages
    calls = sorted(stats.calls.items(), key=lambda item: -item[1])[:SHOWN_COMMANDS]
    return Cost(
        code=code,
        case=case,
        pages_per_s=pages / seconds,
        cpu_ms=_cpu_ms(before, after, submit_s, pages),
        redis_commands=sum(stats.calls.values()) / pages,
        redis_bytes=stats.bytes / pages,
        s3_requests=_difference(requests, services.requests(), pages),
        memory_mib={kind: round(value) for kind, value in after.memory_mib.items()},
        commands={name: round(count / pages, 3) for name, count in calls},
    )


def queued_bytes(services: Services, folder: Path, pages: int = WINDOW_PAGES) -> float:
    """Bytes of Redis for each queued page with its message; no worker may run.

    The window of ``services`` must hold ``pages``.
    """
    manifest = write_corpus(folder, Case("file", pages, pages, 1), "queued")
    before = int(services.client.info("memory")["used_memory"])
    _submit(services, manifest)
    used = int(services.client.info("memory")["used_memory"]) - before
    return used / int(services.client.zcard(f"pagefleet:outstanding:{ENGINE}"))


def _submit(services: Services, manifest: Path) -> float:
    """CPU seconds of the command that submits a corpus."""
    process = start(services, "producer.cli", "submit", "--manifest", str(manifest))
    status, seconds = wait_cpu(process.pid)
    process.returncode = status
    if status != 0:
        raise RuntimeError(f"the submission ended with {status}; see {services.folder}")
    return seconds


def _cpu_ms(before: Usage, after: Usage, submit_s: float, pages: int) -> dict[str, float]:
    spent = {kind: value - before.cpu_s.get(kind, 0.0) for kind, value in after.cpu_s.items()}
    return {kind: value * 1000 / pages for kind, value in {**spent, "submit": submit_s}.items()}


def _difference(before: float | None, after: float | None, pages: int) -> float | None:
    return None if before is None or after is None else (after - before) / pages
