"""Judges a run by the object store alone, and repeated work by the engine's own journal."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from shared.storage.store import ObjectStore
from tests.support.fleets.ledger_check import check_job
from tests.system.failures.plan import Findings

#: What an innocent page may fail with where renderers were killed under it again and again.
MADE_BY_KILLS = ("render_memory", "quarantined", "cancelled")


def judge(
    store: ObjectStore, expected: Iterable[str], purged: Iterable[str], findings: Findings
) -> None:
    """Look at every job that was accepted, and at everything that should not be there."""
    known = set(expected)
    for job_id in sorted(known):
        _judge_job(store, job_id, findings)
    for key in store.list("open/"):
        findings.orphans += 1
        findings.problems.append(f"left over: {key}")
    for key in store.list("jobs/"):
        if key.split("/")[1] not in known:
            findings.orphans += 1
            findings.problems.append(f"left over: {key}")
    assert not known & set(purged)


def _judge_job(store: ObjectStore, job_id: str, findings: Findings) -> None:
    folder = f"jobs/{job_id}/"
    findings.jobs += 1
    if not store.exists(folder + "_DONE"):
        findings.hung += 1
        findings.problems.append(f"{job_id} has not ended")
        return
    total = json.loads(store.get(folder + "job.json"))["page_count"]
    findings.pages += total
    try:
        checked = check_job(store, job_id)
    except Exception as error:  # each broken job is told; the next one is looked at
        findings.problems.append(f"{job_id}: {type(error).__name__} {error}"[:300])
        _count_broken(store, folder, total, findings)
        return
    findings.failed.update(checked.failed.values())
    for page, code in checked.failed.items():
        if code not in MADE_BY_KILLS:
            findings.lost += 1
            findings.problems.append(f"{job_id} page {page} failed with {code}")


def _count_broken(store: ObjectStore, folder: str, total: int, findings: Findings) -> None:
    digest = json.loads(store.get(folder + "job.json"))["sha256"][:12]
    for page in range(1, total + 1):
        good = f"{folder}pages/{page:06d}.json"
        if store.exists(good):
            markdown = json.loads(store.get(good))["markdown"]
            findings.swapped += markdown != f"fake:{digest}:{page}"
        elif not store.exists(f"{folder}pages/{page:06d}.failed.json"):
            findings.lost += 1


def count_repeated(journal: Path) -> int:
    """Readings beyond the first of each page."""
    if not journal.exists():
        return 0
    reads = Counter(tuple(line.split()[:2]) for line in journal.read_text().splitlines())
    return sum(count - 1 for count in reads.values())
