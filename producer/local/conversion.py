"""Takes the documents of one ``run`` through its fleet and writes what comes out."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from producer.connections import Connections
from producer.delivery import outcome
from producer.delivery.outcome import Outcome
from producer.delivery.outputs import write_output
from producer.intake.inputs import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.local.patience import OutageTimeout
from producer.status.waiting import POLL_S, Bars, Follower, Progressed
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.broker.job_state import JobProgress
from shared.domain.errors import ExitCode, TransientError, gravest
from shared.domain.records import Done

#: Documents opened at the same time.
INTAKES = 2
#: Documents that are in the fleet before the next ones are opened.
MAX_FOLLOWED = 200


@dataclass(frozen=True, eq=False)
class Work:
    """One input on its way; ``stem`` is the name of its output."""

    item: Input
    stem: str


class Conversion:
    """One round of documents; what it is given is started and stopped by the caller."""

    def __init__(
        self,
        connections: Connections,
        intake: Intake,
        fleet: LocalFleet,
        broker: EmbeddedBroker | None,
        bars: Bars,
        request: Request,
        folder: Path,
        as_json: bool,
    ) -> None:
        self._jobs = connections.jobs
        self._dispatch_state = connections.dispatch_state
        self._submitter = Submitter(
            intake, self._jobs, self._dispatch_state, connections.dispatcher
        )
        self._follower = Follower(self._jobs, self._dispatch_state)
        self._fleet = fleet
        self._broker = broker
        self._bars = bars
        self._request = request
        self._folder = folder
        self._json = as_json
        self._patience = OutageTimeout(self._ask_services, bars.say)
        self._codes: list[ExitCode] = []
        self._room = threading.Semaphore(MAX_FOLLOWED)
        self._over = False
        self._opening: dict[Future[Submission], Work] = {}
        self._running: dict[Work, Submission] = {}
        self._pages_done: dict[Work, int] = {}

    def convert(self, works: Sequence[Work]) -> ExitCode:
        """Convert all; the exit status of the gravest."""
        pool = ThreadPoolExecutor(INTAKES, thread_name_prefix="intake")
        try:
            self._opening = {pool.submit(self._submit, work): work for work in works}
            while self._opening or self._running:
                self._look_around()
                self._check_processes()
                if self._opening or self._running:
                    time.sleep(POLL_S)
        finally:
            self._over = True
            pool.shutdown(wait=False, cancel_futures=True)
            self._room.release(len(works))
        return gravest(self._codes)

    def _submit(self, work: Work) -> Submission:
        self._room.acquire()
        if self._over:
            raise CancelledError
        return self._submitter.submit(work.item, self._request)

    def _look_around(self) -> None:
        try:
            self._admit_opened()
            for work in list(self._running):
                self._look(work)
        except TransientError as error:
            self._patience.failed(error)
        else:
            self._patience.check()

    def _admit_opened(self) -> None:
        for future in [future for future in self._opening if future.done()]:
            work = self._opening.pop(future)
            error = future.exception()
            if isinstance(error, Exception):
                self._end(work, outcome.refused(work.item.word, error))
            elif error is not None:
                raise error
            else:
                self._admit(work, future.result())

    def _admit(self, work: Work, submission: Submission) -> None:
        """Begin to follow; workers are started for the first document with work left."""
        self._running[work] = submission
        warning = submission.warning(work.item.word)
        if warning:
            self._bars.say(warning)
        if submission.done is None:
            self._fleet.start()

    def _look(self, work: Work) -> None:
        """Move the bar; write the document once it is there."""
        submission = self._running[work]
        job_id = submission.manifest.job_id
        progress = self._follower.progress(job_id)
        done = submission.done or self._follower.ended(job_id, progress)
        progressed = _progressed(submission, progress, done)
        self._bars.show(work.stem, work.item.name, progressed)
        if progressed.done != self._pages_done.get(work):
            self._pages_done[work] = progressed.done
            self._patience.moved()
        if done is not None:
            self._end(work, self._write(work, submission, done))
            del self._running[work]

    def _write(self, work: Work, submission: Submission, done: Done) -> Outcome:
        word, manifest = work.item.word, submission.manifest
        try:
            output = write_output(
                self._jobs, manifest, self._request.render, self._folder, work.stem
            )
        except Exception as error:  # one document must not stop the others, whatever it is
            return outcome.undelivered(word, manifest, done, error)
        return outcome.ended(word, manifest, output.done, str(output.markdown), self._jobs)

    def _end(self, work: Work, ended: Outcome) -> None:
        self._room.release()
        self._pages_done.pop(work, None)
        self._patience.moved()
        self._codes.append(ended.exit_code)
        self._bars.end(work.stem)
        if self._json:
            self._bars.out(ended.as_json())
        if not self._json or ended.error is not None:
            self._bars.say(ended.as_text())

    def _check_processes(self) -> None:
        self._fleet.check()
        if self._broker is not None:
            self._broker.check()

    def _ask_services(self) -> None:
        self._dispatch_state.ping()
        self._jobs.store.check()


def _progressed(
    submission: Submission, progress: JobProgress | None, done: Done | None
) -> Progressed:
    total = submission.pages
    if done is not None:
        return Progressed(total, total, done.counts.failed)
    if progress is None:
        return Progressed(total, 0)
    return Progressed(total, progress.done, progress.counts.failed)
