"""The whole fleet on this machine for one command: start, submit, follow, write, stop."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from producer import outcome
from producer.connections import Connections
from producer.embedded_broker import EmbeddedBroker
from producer.inputs import Input, expand_inputs
from producer.intake import Intake
from producer.local_fleet import LocalFleet
from producer.options import request_of, settings_of
from producer.outcome import Outcome
from producer.outputs import Stems, write_output
from producer.request import Request
from producer.submission import Submission, Submitter
from producer.waiting import POLL_S, Bars, Follower, Progressed
from shared.catalogue import engine_facts
from shared.errors import ExitCode, PagefleetError, gravest
from shared.hardware import local_engine
from shared.ledger import HotJob
from shared.records import Done
from shared.sandbox import Sandbox
from shared.settings import Settings

#: Documents opened at the same time.
INTAKES = 2
#: Documents that are in the fleet before the next ones are opened.
MAX_FOLLOWED = 200


@dataclass(frozen=True)
class Work:
    """One input on its way."""

    item: Input
    stem: str


class Run:
    """One ``pagefleet run``."""

    def __init__(self, request: Request, folder: Path, as_json: bool, quiet: bool) -> None:
        self._request = request
        self._folder = folder
        self._json = as_json
        self._quiet = quiet
        self._codes: list[ExitCode] = []
        self._room = threading.Semaphore(MAX_FOLLOWED)

    def execute(self, inputs: Sequence[Input]) -> ExitCode:
        """Convert every input; the exit status of the gravest."""
        self._request.check()
        stems = Stems()
        works = [Work(item, stems.take(item.name)) for item in inputs]
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            settings = stack.enter_context(_with_broker(self._request.settings))
            connections = Connections(settings)
            connections.store.check()
            fleet = stack.enter_context(LocalFleet(settings, self._request.engine))
            bars = stack.enter_context(Bars(self._quiet))
            sandbox = stack.enter_context(
                Sandbox("intake", INTAKES, memory_mb=settings.page_memory_mb)
            )
            try:
                self._convert(works, connections, sandbox, fleet, bars)
            except BaseException:
                fleet.stop(patience_s=3.0)
                raise
        return gravest(self._codes)

    def _convert(
        self,
        works: list[Work],
        connections: Connections,
        sandbox: Sandbox,
        fleet: LocalFleet,
        bars: Bars,
    ) -> None:
        intake = Intake(connections.settings, sandbox)
        submitter = Submitter(intake, connections.jobs, connections.ledger, connections.dispatcher)
        pool = ThreadPoolExecutor(INTAKES, thread_name_prefix="intake")
        try:
            futures = {pool.submit(self._submit, submitter, work): work for work in works}
            self._follow(futures, connections, fleet, bars)
        finally:
            self._room.release(len(works))
            pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, submitter: Submitter, work: Work) -> Submission:
        self._room.acquire()
        return submitter.submit(work.item, self._request)

    def _follow(
        self,
        futures: "dict[Future[Submission], Work]",
        connections: Connections,
        fleet: LocalFleet,
        bars: Bars,
    ) -> None:
        follower = Follower(connections.jobs, connections.ledger)
        running: dict[Future[Submission], Submission] = {}
        while futures:
            for future in [future for future in futures if future.done()]:
                if future not in running:
                    failed = self._admit(future, futures[future], running, fleet, bars)
                    if failed:
                        del futures[future]
            for future, submission in list(running.items()):
                if self._look(futures[future], submission, follower, connections, bars):
                    del futures[future], running[future]
            if futures:
                fleet.check()
                time.sleep(POLL_S)

    def _admit(
        self,
        future: "Future[Submission]",
        work: Work,
        running: "dict[Future[Submission], Submission]",
        fleet: LocalFleet,
        bars: Bars,
    ) -> bool:
        """Begin to follow a submitted document; True where it was refused.

        Workers are started for the first document that has anything left to do.
        """
        try:
            submission = future.result()
        except PagefleetError as error:
            self._end(outcome.refused(work.item.word, error), bars)
            return True
        running[future] = submission
        if submission.done is None:
            fleet.start()
        return False

    def _look(
        self,
        work: Work,
        submission: Submission,
        follower: Follower,
        connections: Connections,
        bars: Bars,
    ) -> bool:
        """Move the bar; True once the document is written."""
        job_id = submission.manifest.job_id
        progress = follower.progress(job_id)
        done = submission.done or follower.ended(job_id, progress)
        bars.show(work.stem, work.item.name, _progressed(submission, progress, done))
        if done is None:
            return False
        self._end(self._write(work, submission, done, connections), bars)
        return True

    def _write(
        self, work: Work, submission: Submission, done: Done, connections: Connections
    ) -> Outcome:
        manifest, render = submission.manifest, self._request.render
        try:
            output = write_output(connections.jobs, manifest, render, self._folder, work.stem)
        except PagefleetError as error:
            return outcome.refused(work.item.word, error)
        word, where = work.item.word, str(output.markdown)
        return outcome.ended(word, manifest, done, where, connections.jobs)

    def _end(self, ended: Outcome, bars: Bars) -> None:
        self._room.release()
        self._codes.append(ended.exit_code)
        if self._json:
            print(ended.as_json(), flush=True)
        if not self._json or ended.error is not None:
            bars.say(ended.as_text())


@contextmanager
def _with_broker(settings: Settings) -> Iterator[Settings]:
    """The settings with a broker: the configured one, or one of this run's own."""
    if settings.redis_url is not None:
        yield settings
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    with EmbeddedBroker() as broker:
        # Other runs share the default store: their open jobs are not ours to take up.
        private = {"redis_url": SecretStr(broker.url), "adopt_open_jobs": False}
        yield settings.model_copy(update=private)


def _progressed(submission: Submission, progress: HotJob | None, done: Done | None) -> Progressed:
    total = submission.pages
    if done is not None:
        return Progressed(total, total, done.counts.failed)
    if progress is None:
        return Progressed(total, 0)
    return Progressed(total, progress.done, progress.counts.failed)


def run_documents(given: dict[str, Any]) -> int:
    """``pagefleet run``."""
    settings = settings_of(given)
    engine = local_engine() if settings.engine == "auto" else settings.engine
    engine_facts(engine)
    request = request_of(given, settings, engine)
    inputs = expand_inputs(given["inputs"], given["manifest"], settings)
    return Run(request, given["folder"], given["as_json"], given["quiet"]).execute(inputs)
