"""Checks a run by the object store alone, and counts repeated work by the engine's journal."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from shared.storage.store import ObjectStore
from tests.support.fleets.ledger_check import check_job
from tests.system.failures.plan import Findings

#: Error codes that a good page may get if its renderers are killed repeatedly.
CAUSED_BY_KILLS = ("render_memory", "quarantined", "cancelled")


def judge(
    store: ObjectStore, expected: Iterable[str], purged: Iterable[str], findings: Findings
) -> None:
    """Check every accepted job, and that the store has no other objects."""
    job_ids = set(expected)
    for job_id in sorted(job_ids):
        _judge_job(store, job_id, findings)
    for key in store.list("open/"):
        findings.orphans += 1
        findings.problems.append(f"left over: {key}")
    for key in store.list("jobs/"):
        if key.split("/")[1] not in job_ids:
            findings.orphans += 1
            findings.problems.append(f"left over: {key}")
    assert not job_ids & set(purged)


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
    except Exception as error:  # record each broken job and check the next one
        findings.problems.append(f"{job_id}: {type(error).__name__} {error}"[:300])
        _count_broken(store, folder, total, findings)
        return
    findings.failed.update(checked.failed.values())
    for page, code in checked.failed.items():
        if code not in CAUSED_BY_KILLS:
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
    """The number of readings beyond the first of each page."""
    if not journal.exists():
        return 0
    reads = Counter(tuple(line.split()[:2]) for line in journal.read_text().splitlines())
    return sum(count - 1 for count in reads.values())
