"""Runs the producers of the laboratory: submit, cancel, retry, purge; they may be killed."""

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.fleets.fleet import pdf
from tests.system.failures.machines import producer

if TYPE_CHECKING:
    from tests.system.failures.lab import Lab

TIMEOUT_S = 120.0
PRIORITIES = ("high", "normal", "normal", "low")


class Feeder:
    """Submits the documents of a plan one after the other, and runs cancel, retry and purge."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab
        self.jobs: list[str] = []
        self.purged: list[str] = []
        self.pages_of: dict[str, int] = {}
        self._documents: dict[str, Path] = {}
        self._stopping = threading.Event()
        #: Only one command runs at a time.
        self._turn = threading.Lock()
        self._current: subprocess.Popen[bytes] | None = None

    def feed(self) -> None:
        """Submit every document of the plan, each until a producer reports that it was accepted."""
        plan, number, remaining = self._lab.plan, 0, self._lab.plan.pages
        while remaining > 0 and not self._stopping.is_set():
            number += 1
            # Small jobs between large ones, so that job turns, job ends and reducers are frequent.
            size = plan.pages_per_job if number % 3 else max(1, plan.pages_per_job // 20)
            path = self._lab.folder / f"document-{number}.pdf"
            size = min(size, remaining)
            pdf(path, size, title=f"{plan.seed} {number}")
            self._accept(path, size, PRIORITIES[number % len(PRIORITIES)])
            remaining -= size

    def stop(self) -> None:
        """Submit no more documents."""
        self._stopping.set()

    def kill_producer(self) -> bool:
        """SIGKILL the running producer, if there is one; returns whether there was."""
        current = self._current
        if current is None or current.poll() is not None:
            return False
        current.kill()
        return True

    def all_ended(self) -> bool:
        """Whether every accepted job has its ``_DONE``."""
        store = self._lab.store
        return all(store.exists(f"jobs/{job_id}/_DONE") for job_id in list(self.jobs))

    def cancel_and_retry(self, job_id: str) -> bool:
        """Cancel a job and submit it again."""
        with self._turn:
            # The job may be cancelled although the command failed.
            self._command("cancel", job_id)
            return self._resubmit(job_id)

    def purge_and_resubmit(self, job_id: str) -> bool:
        """Purge an ended job and submit the same document again."""
        with self._turn:
            return self._command("purge", job_id) and self._resubmit(job_id)

    def _resubmit(self, job_id: str) -> bool:
        deadline = time.monotonic() + TIMEOUT_S
        while self._submit(self._documents[job_id], "normal") != job_id:
            if time.monotonic() > deadline:
                self._lab.findings.problems.append(f"{job_id} was not accepted again")
                return False
        return True

    def _accept(self, path: Path, pages: int, priority: str) -> None:
        deadline = time.monotonic() + self._lab.plan.seconds + TIMEOUT_S
        while time.monotonic() < deadline:
            with self._turn:
                job_id = self._submit(path, priority)
            if job_id is not None:
                self._documents[job_id] = path
                self.pages_of[job_id] = pages
                self.jobs.append(job_id)
                return
            time.sleep(0.2)
        self._lab.findings.problems.append(f"{path.name} was never accepted")

    def _submit(self, path: Path, priority: str) -> str | None:
        settings = self._lab.settings
        words = ("submit", "--json", "--priority", priority, "--", str(path))
        self._current = producer(settings, *words)
        try:
            out, _ = self._current.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._current.kill()
            self._current.communicate()
            return None
        if self._current.returncode != 0:
            return None
        job_id: str = json.loads(out.splitlines()[0])["job_id"]
        return job_id

    def _command(self, *words: str) -> bool:
        process = producer(self._lab.settings, *words)
        try:
            process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode == 0
