"""Takes hostile documents through the real ``run`` and judges what is left behind.

``python -m tests.hostile_run --count 1000`` is ``make fuzz``.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shared.settings import Settings, build_settings
from shared.store import open_store
from tests.fleet import pagefleet, processes_of, wait_until
from tests.hostile_corpus import batches, corpus, write_corpus
from tests.ledger_check import check_job

#: Codes that say "this document is bad", which is all that a document may be.
REFUSALS = frozenset(
    (
        "not_a_document",
        "empty",
        "corrupt",
        "encrypted",
        "wrong_password",
        "unsupported",
        "too_large",
    )
)
PAGE_FAILURES = frozenset(("render_failed", "render_timeout", "render_memory"))
#: Signs in a log that a worker process died or failed in a way nobody foresaw.
TROUBLE = ("ended with", "Traceback", "internal", "starting it again")
ROBUST = Path(__file__).parents[2] / "shared" / "data" / "robust"
BATCH = 100


def limited(home: Path, seconds: float = 10, attempts: int = 3) -> Settings:
    """Settings under which a hostile document can't take long."""
    return build_settings(
        {
            "home": home,
            "engine": "fake",
            "page_timeout_s": seconds,
            "open_timeout_s": seconds,
            "max_attempts": attempts,
            "page_memory_mb": 512,
            "num_workers": 2,
        }
    )


def survive(settings: Settings, paths: Sequence[Path], out: Path) -> Counter[str]:
    """Run the documents; asserts that each ended in order, and counts how."""
    words = [*map(str, paths), "-o", str(out), "--json", "--quiet"]
    ended = pagefleet(settings, "run", *words, timeout_s=600)
    assert ended.status in (0, 3, 4), ended.err
    assert "Traceback" not in ended.err, ended.err
    lines = {line["input"]: line for line in ended.lines}
    assert set(lines) == set(map(str, paths)), "not one line for each document"
    tally = Counter[str]()
    store = open_store(settings)
    for name, line in lines.items():
        if line["job_id"] is None:
            assert line["error"]["code"] in REFUSALS, (name, line["error"])
            tally[line["error"]["code"]] += 1
            continue
        checked = check_job(store, line["job_id"])
        assert set(checked.failed.values()) <= PAGE_FAILURES, (name, checked.failed)
        tally[line["status"]] += 1
    wait_until(lambda: not processes_of(settings), 10)
    _check_logs(settings)
    return tally


def _check_logs(settings: Settings) -> None:
    for log in (settings.home / "logs").glob("*.log"):
        said = log.read_text(errors="replace")
        found = [line for line in said.splitlines() if any(sign in line for sign in TROUBLE)]
        assert not found, found[:5]


def main() -> int:
    """Run many; prints what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    tally = Counter[str]()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pagefleet-fuzz-") as name:
        folder = Path(name)
        settings = limited(folder / "home")
        found = corpus(asked.count, asked.seed, ROBUST)
        for number, batch in enumerate(batches(found, BATCH)):
            paths = write_corpus(folder / f"in-{number}", batch)
            tally += survive(settings, paths, folder / f"out-{number}")
            elapsed = time.monotonic() - started
            print(f"{sum(tally.values())} documents, {elapsed:.0f} s", flush=True)
    print(f"seed {asked.seed}: {dict(tally.most_common())}; no crash, hang or leftover process")
    return 0


if __name__ == "__main__":
    sys.exit(main())
