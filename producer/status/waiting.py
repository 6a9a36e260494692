"""Follows jobs until they end, for a person (bars) or a log (lines)."""

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from shared.broker.dispatch_state import DispatchState
from shared.broker.job_state import JobProgress
from shared.console.printable import printable
from shared.domain.errors import BrokerUnreachable, UsageError
from shared.domain.records import Done
from shared.jobs.job_store import JobStore

POLL_S = 0.2
#: Where only the store can tell.
STORE_POLL_S = 1.0
LINE_INTERVAL_S = 10.0


@dataclass(frozen=True)
class Progressed:
    """How far a job is."""

    total: int
    done: int
    failed: int = 0


class Follower:
    """Looks at jobs: the store says when one ended, the broker how far it is."""

    def __init__(self, jobs: JobStore, dispatch_state: DispatchState | None) -> None:
        self._jobs = jobs
        self._dispatch_state = dispatch_state

    def ended(self, job_id: str, progress: JobProgress | None) -> Done | None:
        """``_DONE`` once it can be there; an unfinished hot job is not looked up."""
        if progress is not None and progress.state == "open" and progress.done < progress.total:
            return None
        return self._jobs.done(job_id)

    def check_exists(self, job_id: str) -> None:
        """Raise UsageError where the job is no more."""
        if self._jobs.manifest(job_id) is None:
            raise UsageError(f"job {job_id} was purged while it was waited for")

    def progress(self, job_id: str) -> JobProgress | None:
        """The hot state, or None where the job is not hot or the broker is away."""
        if self._dispatch_state is None:
            return None
        try:
            return self._dispatch_state.jobs.progress(job_id)
        except BrokerUnreachable:
            return None


class PageSpeed(TextColumn):
    """Pages per second since the bar began to move."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """The column's text."""
        speed = task.finished_speed or task.speed
        return Text("" if not speed else f"{speed:.1f} pages/s", style="dim")


class Bars:
    """One bar per document on a terminal, one line now and then elsewhere."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(stderr=True)
        self._fancy = self._console.is_terminal and not quiet
        self._quiet = quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("pages"),
            PageSpeed(),
            TimeElapsedColumn(),
            TextColumn("eta"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._fancy,
            # Results belong to standard output, wherever that leads.
            redirect_stdout=False,
        )
        self._tasks: dict[str, TaskID] = {}
        self._spoke = time.monotonic()
        self._seen: dict[str, Progressed] = {}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, key: str, name: str, progressed: Progressed) -> None:
        """Move the bar of one document."""
        self._seen[key] = progressed
        if self._fancy:
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task(_shown(name), total=progressed.total)
            self._progress.update(self._tasks[key], completed=progressed.done)
        elif not self._quiet and time.monotonic() - self._spoke > LINE_INTERVAL_S:
            self._spoke = time.monotonic()
            total = sum(seen.total for seen in self._seen.values())
            done = sum(seen.done for seen in self._seen.values())
            self.say(f"{done} of {total} pages done")

    def end(self, key: str) -> None:
        """Take the bar of a document away: its result line says the rest."""
        if key in self._tasks:
            self._progress.remove_task(self._tasks.pop(key))

    def out(self, line: str) -> None:
        """A line for standard output; on a terminal above the bars."""
        if self._fancy and sys.stdout.isatty():
            self.say(line)
        else:
            print(line, flush=True)

    def say(self, line: str) -> None:
        """A line for the person, above the bars."""
        shown = printable(line)
        if self._fancy:
            self._progress.console.print(shown, markup=False, highlight=False, soft_wrap=True)
        else:
            print(shown, file=sys.stderr, flush=True)


def follow(
    follower: Follower,
    jobs: Iterable[str],
    on_progress: Callable[[str, JobProgress], None],
    deadline: float | None = None,
) -> Iterator[tuple[str, Done]]:
    """Each job as it ends, until all have ended or the monotonic ``deadline`` has come.

    Raises UsageError for a job that somebody purged.
    """
    waiting = list(dict.fromkeys(jobs))
    while waiting:
        pause = STORE_POLL_S
        for job_id in list(waiting):
            progress = follower.progress(job_id)
            done = follower.ended(job_id, progress)
            if done is not None:
                waiting.remove(job_id)
                yield job_id, done
            elif progress is not None:
                pause = POLL_S
                on_progress(job_id, progress)
            else:
                follower.check_exists(job_id)
        left = math.inf if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return
        if waiting:
            time.sleep(min(pause, left))


def _shown(name: str) -> str:
    """A name that can't break a line of the terminal."""
    clean = printable(name)
    return clean if len(clean) <= 40 else f"{clean[:37]}…"
