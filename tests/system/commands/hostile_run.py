"""Converts hostile documents with the real ``run`` and checks results, processes and logs.

``python -m tests.system.fuzz documents --count 1000`` converts many.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.config.settings import Settings, build_settings
from shared.storage.factory import open_store
from shared.storage.store import ObjectStore
from tests.support.fleets.fleet import pagefleet, processes_of, wait_until
from tests.support.fleets.ledger_check import check_job
from tests.support.paths import DATA

#: Error codes of a bad document; any other code is a bug.
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
#: Texts in a log that show a crashed worker process or an unexpected error.
CRASH_SIGNS = ("ended with", "Traceback", "internal", "starting it again")
ROBUST = DATA / "robust"


def limited(home: Path, seconds: float = 10, attempts: int = 3) -> Settings:
    """Settings with low limits of time, memory and attempts."""
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


@dataclass
class Judged:
    """How documents ended, and every violated expectation."""

    tally: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def survive(settings: Settings, paths: Sequence[Path], out: Path) -> Judged:
    """Run the documents and check each outcome, the processes and the logs."""
    judged = Judged()
    words = [*map(str, paths), "-o", str(out), "--json", "--quiet"]
    result = pagefleet(settings, "run", *words, timeout_s=900)
    if result.status not in (0, 3, 4) or "Traceback" in result.err:
        judged.problems.append(f"exit status {result.status}: {result.err}")
    lines = {line["input"]: line for line in result.lines}
    judged.problems += [f"{path}: no line" for path in paths if str(path) not in lines]
    store = open_store(settings)
    for name, line in lines.items():
        _judge(store, Path(name).name, line, judged)
    try:
        wait_until(lambda: not processes_of(settings), 10)
    except AssertionError:
        judged.problems.append(f"processes still running: {processes_of(settings)}")
    judged.problems += _crash_lines(settings)
    return judged


def _judge(store: ObjectStore, name: str, line: dict[str, Any], judged: Judged) -> None:
    if line["job_id"] is None:
        code = line["error"]["code"]
        judged.tally[code] += 1
        if code not in REFUSALS:
            judged.problems.append(f"{name}: {line['error']}")
        return
    judged.tally[line["status"]] += 1
    failed = check_job(store, line["job_id"]).failed
    if not set(failed.values()) <= PAGE_FAILURES:
        judged.problems.append(f"{name}: pages failed with {failed}")


def _crash_lines(settings: Settings) -> list[str]:
    """Lines of the workers' logs that show a crash or an unexpected error."""
    logs = (settings.home / "logs").glob("*.log")
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    return [line for line in lines if any(sign in line for sign in CRASH_SIGNS)]
