"""Shows what was measured as tables in Markdown."""

from collections.abc import Iterator, Sequence

from benchmarks.scale.values import Cost, PeerCost

_KINDS = ("pages", "control", "submit", "supervisor", "helpers", "broker", "store")


def table(costs: Sequence[Cost]) -> str:
    """One row for each case and code."""
    heads = ["code", "store", "pages", "a document", "workers", "pages/s", "ms a page"]
    heads += [*_KINDS, "commands", "bytes", "S3 requests", "MiB of a pages process"]
    return "\n".join([_row(heads), _row(["---"] * len(heads)), *map(_row, map(_cells, costs))])


def peer_table(peers: Sequence[PeerCost]) -> str:
    """One row for each library."""
    heads = ["library", "tasks/s", "worker ms", "broker ms", "commands"]
    rows = (
        [
            each.name,
            f"{each.tasks_per_s:.0f}",
            f"{each.worker_ms:.2f}",
            f"{each.broker_ms:.2f}",
            f"{each.redis_commands:.1f}",
        ]
        for each in peers
    )
    return "\n".join([_row(heads), _row(["---"] * len(heads)), *map(_row, rows)])


def summary(costs: Sequence[Cost], peers: Sequence[PeerCost]) -> Iterator[str]:
    """The ratios that matter, in sentences."""
    bare = next((each for each in peers if each.name == "bare Celery"), None)
    if bare is not None:
        for cost in costs:
            yield f"{_name(cost)}: {cost.pages_per_s / bare.tasks_per_s:.2f} of bare Celery"


def _name(cost: Cost) -> str:
    case = cost.case
    return f"{cost.code}, {case.store}, {case.read_pages} pages in {case.documents} documents"


def _cells(cost: Cost) -> list[str]:
    case = cost.case
    requests = "" if cost.s3_requests is None else f"{cost.s3_requests:.2f}"
    counts = [str(each) for each in (case.read_pages, case.document_pages, case.workers)]
    speeds = [f"{cost.pages_per_s:.0f}", f"{cost.ms:.2f}"]
    kinds = [f"{cost.cpu_ms.get(kind, 0.0):.2f}" for kind in _KINDS]
    memory = f"{cost.memory_mib.get('pages', 0) / case.workers:.0f}"
    moved = [f"{cost.redis_commands:.1f}", f"{cost.redis_bytes:.0f}", requests, memory]
    return [cost.code, case.store, *counts, *speeds, *kinds, *moved]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
