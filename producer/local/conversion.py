"""Converts the documents of one ``run``: submits them, follows their jobs, writes the results."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from producer.connections import Connections, fault_warning
from producer.delivery.deliver import deliver
from producer.delivery.export import FinishedJob
from producer.delivery.outcome import Outcome, refused
from producer.delivery.output_names import OutputNames
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.local.outage_timeout import OutageTimeout
from producer.status.follow import POLL_S, Follower
from producer.status.progress_bars import Bars, PageProgress
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.broker.job_state import JobProgress
from shared.domain.errors import ExitCode, TransientError, worst
from shared.domain.records.job import Done

if TYPE_CHECKING:
    from producer.delivery.page_files import PageFiles

#: Documents opened at the same time.
INTAKES = 2
#: Documents submitted and not finished before the next one is opened.
MAX_FOLLOWED = 200


@dataclass(frozen=True, eq=False)
class InputWork:
    """One input and the stem of its output files."""

    input: Input
    stem: str


@dataclass(frozen=True)
class LocalServices:
    """What a run uses; its creator starts and stops them."""

    connections: Connections
    intake: Intake
    fleet: LocalFleet
    #: The broker that the run started; None where one is configured.
    broker: EmbeddedBroker | None
    #: Writes what needs the pages of the sources; None where nothing of it is wanted.
    page_files: "PageFiles | None" = None

    def check_processes(self) -> None:
        """Raise the error of a process that has ended by itself."""
        self.fleet.check()
        if self.broker is not None:
            self.broker.check()

    def probe(self) -> None:
        """Raise TransientError where broker or store do not answer."""
        self.connections.dispatch_state.ping()
        self.connections.jobs.store.check()


class Conversion:
    """Converts one list of inputs."""

    def __init__(
        self,
        services: LocalServices,
        bars: Bars,
        request: Request,
        names: OutputNames,
        as_json: bool,
        min_quality: float | None = None,
    ) -> None:
        connections = services.connections
        self._services = services
        self._jobs = connections.jobs
        dispatch_state = connections.dispatch_state
        self._submitter = Submitter(
            services.intake, self._jobs, dispatch_state, connections.dispatcher
        )
        self._follower = Follower(self._jobs, dispatch_state)
        self._bars = bars
        self._request = request
        self._names = names
        self._json = as_json
        self._min_quality = min_quality
        self._outage = OutageTimeout(self._probe, bars.say)
        #: The last warning that was said.
        self._warning: str | None = None
        self._codes: list[ExitCode] = []
        self._room = threading.Semaphore(MAX_FOLLOWED)
        self._stopping = False
        self._opening: dict[Future[Submission], InputWork] = {}
        self._running: dict[InputWork, Submission] = {}
        self._pages_done: dict[InputWork, int] = {}

    def convert(self, works: Sequence[InputWork]) -> ExitCode:
        """Convert all; returns the worst exit code."""
        pool = ThreadPoolExecutor(INTAKES, thread_name_prefix="intake")
        try:
            self._opening = {pool.submit(self._submit, work): work for work in works}
            while self._opening or self._running:
                self._advance()
                self._services.check_processes()
                if self._opening or self._running:
                    time.sleep(POLL_S)
        finally:
            self._stopping = True
            pool.shutdown(wait=False, cancel_futures=True)
            self._room.release(len(works))
        return worst(self._codes)

    def _submit(self, work: InputWork) -> Submission:
        """Runs in an intake thread."""
        self._room.acquire()
        if self._stopping:
            raise CancelledError
        return self._submitter.submit(work.input, self._request)

    def _advance(self) -> None:
        try:
            self._take_submitted()
            for work in list(self._running):
                self._follow(work)
        except TransientError as error:
            self._outage.failed(error)
        else:
            self._outage.check()

    def _probe(self) -> None:
        """Raise TransientError for an outage; say once why the workers read no pages."""
        self._services.probe()
        dispatch_state = self._services.connections.dispatch_state
        for pool in {each.manifest.options.pool for each in self._running.values()}:
            warning = fault_warning(dispatch_state, pool)
            if warning is not None and warning != self._warning:
                self._bars.say(warning)
            self._warning = warning or self._warning

    def _take_submitted(self) -> None:
        for future in [future for future in self._opening if future.done()]:
            work = self._opening.pop(future)
            error = future.exception()
            if isinstance(error, Exception):
                self._finish(work, refused(work.input.word, error))
            elif error is not None:
                raise error
            else:
                self._begin(work, future.result())

    def _begin(self, work: InputWork, submission: Submission) -> None:
        """Start to follow a job; the first unfinished one starts the workers."""
        self._running[work] = submission
        if submission.done is None and self._services.fleet.start():
            engine = submission.manifest.options.engine
            started = "started a broker; " if self._services.broker else ""
            self._bars.inform(f"{started}starting engine {engine}, which loads its models first")

    def _follow(self, work: InputWork) -> None:
        """Move the bar of one job; write its document when it has ended."""
        submission = self._running[work]
        job_id = submission.manifest.job_id
        progress = self._follower.progress(job_id)
        done = submission.done or self._follower.ended(job_id, progress)
        pages = _page_progress(submission, progress, done)
        self._bars.show(work.stem, work.input.name, pages)
        if pages.done != self._pages_done.get(work):
            self._pages_done[work] = pages.done
            self._outage.progressed()
        if done is not None:
            job = FinishedJob(
                self._jobs,
                submission.manifest,
                self._request.render,
                self._names.choice,
                self._services.page_files,
            )
            word, stem = work.input.word, work.stem
            outcome = deliver(word, job, done, self._names, stem, self._min_quality)
            self._finish(work, outcome)
            del self._running[work]

    def _finish(self, work: InputWork, outcome: Outcome) -> None:
        self._room.release()
        self._pages_done.pop(work, None)
        self._outage.progressed()
        self._codes.append(outcome.exit_code)
        self._bars.end(work.stem)
        if self._json:
            self._bars.out(outcome.as_json())
        if not self._json or outcome.error is not None:
            self._bars.say(outcome.as_text())


def _page_progress(
    submission: Submission, progress: JobProgress | None, done: Done | None
) -> PageProgress:
    total = submission.pages
    if done is not None:
        return PageProgress(total, total)
    return PageProgress(total, 0 if progress is None else progress.done)
