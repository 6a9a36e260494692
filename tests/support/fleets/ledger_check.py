"""An independent checker, which reads only the object store and uses only its contract."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.storage.store import ObjectStore
from tests.support.fleets.fleet import wait_until

# A paragraph that goes on over a page break has the anchor inside.
ANCHOR = re.compile(r"<!-- page (\d+) -->")


@dataclass(frozen=True)
class Checked:
    """The content of the store for one job."""

    status: str
    counts: dict[str, int]
    failed: dict[int, str]
    attempts: dict[int, int]


def has_ended(store: ObjectStore, job_id: str) -> bool:
    """Whether the reducer has written ``_DONE`` and then removed the marker of the job."""
    return store.exists(f"jobs/{job_id}/_DONE") and not store.exists(f"open/{job_id}")


def check_job(store: ObjectStore, job_id: str) -> Checked:
    """Assert that every selected page is in the document once, in order, and that counts add up."""
    folder = f"jobs/{job_id}/"
    manifest = json.loads(store.get(folder + "job.json"))
    done = json.loads(store.get(folder + "_DONE"))
    source = store.get(folder + manifest["source"]["key"])
    assert hashlib.sha256(source).hexdigest() == manifest["sha256"]
    pages = list(_selected(manifest))
    results = {page: _result(store, folder, page) for page in pages}
    tally = {"ok": 0, "blank": 0, "failed": 0}
    for page, result in results.items():
        assert (result["page"], result["job_id"]) == (page, job_id)
        tally[result["status"]] += 1
    assert done["counts"] == tally
    assert sum(tally.values()) == len(pages)
    document = store.get(folder + "document.md").decode()
    assert [int(number) for number in ANCHOR.findall(document)] == pages
    _check_fake_lines(manifest, results, document)
    _check_document_json(store, folder, pages, results)
    wait_until(lambda: has_ended(store, job_id), 10)
    failed = {page: r["error"]["code"] for page, r in results.items() if r["error"]}
    attempts = {page: r["attempts"] for page, r in results.items()}
    return Checked(done["status"], done["counts"], failed, attempts)


def _selected(manifest: dict[str, Any]) -> Iterator[int]:
    ranges = manifest["options"]["pages"]
    for part in (ranges or f"1-{manifest['page_count']}").split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _result(store: ObjectStore, folder: str, page: int) -> dict[str, Any]:
    good, bad = f"{folder}pages/{page:06d}.json", f"{folder}pages/{page:06d}.failed.json"
    result: dict[str, Any] = json.loads(store.get(good if store.exists(good) else bad))
    return result


def _check_fake_lines(
    manifest: dict[str, Any], results: dict[int, dict[str, Any]], document: str
) -> None:
    """With the fake engine each page proves its identity."""
    if manifest["options"]["engine"] != "fake":
        return
    digest = str(manifest["sha256"])[:12]
    for page, result in results.items():
        line = f"fake:{digest}:{page}\n"
        count = (document + "\n").count(line)
        assert count == (1 if result["status"] == "ok" else 0), (page, result["status"], count)


def _check_document_json(
    store: ObjectStore, folder: str, pages: list[int], results: dict[int, dict[str, Any]]
) -> None:
    document = json.loads(store.get(folder + "document.json"))
    assert [page["page"] for page in document["pages"]] == pages
    ledger = [(entry["page"], entry["status"]) for entry in document["ledger"]]
    assert ledger == [(page, results[page]["status"]) for page in pages]
