"""What a task that does nothing costs in bare Celery, RQ and Dramatiq, on a broker of its own."""

import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.scale.broker_stats import broker_stats, reset
from benchmarks.scale.fleet import Services, running_services, start
from benchmarks.scale.usage import usage, wait_cpu
from benchmarks.scale.values import PeerCost

#: Threads of a worker: pages that the fake engine reads at once.
THREADS = "16"
WARM_UP = "200"
#: Name, module and the package that it needs.
PEERS = (
    ("bare Celery", "benchmarks.scale.peer_celery", "celery"),
    ("RQ", "benchmarks.scale.peer_rq", "rq"),
    ("Dramatiq", "benchmarks.scale.peer_dramatiq", "dramatiq"),
)


def measure_peers(folder: Path, checkout: Path, tasks: int) -> list[PeerCost]:
    """One process of each installed library runs ``tasks`` tasks."""
    costs = []
    for name, module, package in PEERS:
        if find_spec(package) is None:
            continue  # the dependency group "bench" is not installed
        (own := folder / package).mkdir()
        with running_services("file", own, checkout, {}) as services:
            costs.append(_measure(name, module, services, tasks))
    return costs


def _measure(name: str, module: str, services: Services, tasks: int) -> PeerCost:
    worker = start(services, module, "work", THREADS)
    try:
        _send(services, module, WARM_UP)
        roots = (worker.pid, *services.process_ids)
        reset(services.client)
        before, started = usage(roots), time.perf_counter()
        _send(services, module, str(tasks))
        seconds, after = time.perf_counter() - started, usage(roots)
        calls = sum(broker_stats(services.client).calls.values())
    finally:
        worker.terminate()
        worker.wait(60)
    spent = {kind: (after.cpu_s[kind] - before.cpu_s[kind]) * 1000 / tasks for kind in after.cpu_s}
    broker_ms = spent.pop("broker")
    return PeerCost(name, tasks / seconds, sum(spent.values()), broker_ms, calls / tasks)


def _send(services: Services, module: str, tasks: str) -> None:
    process = start(services, module, "send", tasks)
    process.returncode, _ = wait_cpu(process.pid)
    if process.returncode != 0:
        raise RuntimeError(f"{module} ended with {process.returncode}; see {services.folder}")
