"""A fleet whose processes run step by step, with real broker, store, tasks and sweepers."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from producer.intake.document import OpenedDocument
from producer.intake.input import Input
from producer.submission.reopening import reopen, resume
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from shared.broker.dispatch_state import DispatchState
from shared.broker.page_state import page_id
from shared.broker.queues import page_queues
from shared.config.settings import Settings, build_settings
from shared.domain.errors import EngineFailed, NotFound
from shared.domain.lanes import Priority
from shared.domain.records.job import Manifest
from shared.domain.records.messages import PageMessage, ReduceMessage
from shared.domain.records.page_result import EngineInfo, PageResult
from shared.jobs.cancelling import JobResumed, cancel_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage.factory import open_store
from shared.telemetry.tracing import Tracing
from tests.support.fleets.stepping import (
    Actor,
    Stage,
    SteppingScripts,
    SteppingStore,
    Wire,
    client_of,
)
from workers.inflight.inflight_pages import InflightPages
from workers.maintenance.repairs import SweepTimings, make_repairs
from workers.maintenance.sweeper import Sweeper
from workers.observability.failure_log import FailureLog
from workers.observability.page_observer import PageObserver
from workers.pipeline.page_to_read import PageToRead
from workers.tasks.gate import Gate
from workers.tasks.lease_renewal import LeaseRenewal
from workers.tasks.manifest_cache import ManifestCache
from workers.tasks.merging.job_end import JobEnd
from workers.tasks.merging.reduce_task import ReduceTask
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_task import PageTask

ENGINE = EngineInfo(name="fake", model="fake-1", version="test")
FALLBACK = EngineInfo(name="cpu", model="ppocrv6-small", version="test")
OTHER = EngineInfo(name="fake", model="other", version="test")
SWEEPERS = ("sweeper-1", "sweeper-2")
#: The label of each document that names one of two teams.
TENANT_LABEL = "team"
#: Documents by their number of pages.
DOCUMENTS = (1, 3, 12)


@cache
def _settings(redis_url: str) -> Settings:
    return build_settings({"redis_url": redis_url, "dispatch_window": 4})


class Reader:
    """Replaces rendering and engine: known text, failures on request, counts calls."""

    def __init__(self, stage: Stage, engine: EngineInfo = ENGINE) -> None:
        self._stage = stage
        self._engine = engine
        self.reads: Counter[str] = Counter()
        self.failing: set[int] = set()

    def read(self, page: PageToRead) -> PageResult:
        manifest = page.manifest
        self.reads[page_id(manifest.job_id, page.page)] += 1
        self._stage.pause()
        page.cancellation.check()
        if page.page in self.failing:
            raise EngineFailed("failed on request")
        return PageResult(
            job_id=manifest.job_id,
            page=page.page,
            status="ok",
            task=manifest.options.task,
            markdown=f"fake:{manifest.sha256[:12]}:{page.page}",
            engine=self._engine,
            attempts=page.attempt,
        )


class Worker:
    """One pages process with one thread; after its death a new one of the same name starts."""

    def __init__(
        self,
        name: str,
        fleet: "SteppedFleet",
        engine: EngineInfo = ENGINE,
        *,
        merge_at_once_pages: int = 0,
    ) -> None:
        self.name = name
        self._merge_at_once_pages = merge_at_once_pages
        self.engine = engine
        self._fleet = fleet
        self.actor: Actor | None = None
        self.message: PageMessage | None = None
        self.restart()

    def restart(self) -> None:
        """Drop everything that the process holds in memory."""
        fleet = self._fleet
        inflight_pages = InflightPages()
        self.lease_renewal = LeaseRenewal(
            fleet.dispatch_state, fleet.wire, inflight_pages, self.engine.pool, self.name
        )
        self.observer = PageObserver(self.engine, self.name, Tracing(), FailureLog(fleet.settings))
        manifests = ManifestCache(fleet.jobs)
        reducer = ReduceTask(fleet.jobs, fleet.dispatch_state, fleet.wire)
        context = PageTaskContext(
            worker=self.name,
            engine=self.engine,
            dispatch_state=fleet.dispatch_state,
            dispatcher=fleet.wire,
            jobs=fleet.jobs,
            manifests=manifests,
            pipeline=fleet.reader,  # type: ignore[arg-type]
            inflight_pages=inflight_pages,
            gate=Gate(),
            observer=self.observer,
            max_attempts=2,
            engine_died=lambda: None,
            transient_pause_s=0.0,
            fallback=fleet.fallback,  # type: ignore[arg-type]
            job_end=JobEnd(lambda: reducer, manifests, fleet.wire, self._merge_at_once_pages),
        )
        self.task = PageTask(context)

    @property
    def busy(self) -> bool:
        return self.actor is not None and not self.actor.ended

    def begin(self, message: PageMessage) -> None:
        self.message = message
        self.actor = self._fleet.stage.begin(self.name, lambda: self.task.handle(message))


class SteppedFleet:
    """Everything of one example; there are no waiting times, and leases end on request."""

    def __init__(
        self,
        redis_url: str,
        folder: Path,
        timings: SweepTimings | None = None,
        **values: object,
    ) -> None:
        """``values`` are settings."""
        # Tests play hundreds of fleets: reading all settings takes as long as a short run.
        changes = {"home": folder / "home", **values}
        self.settings = _settings(redis_url).model_copy(update=changes)
        self.client = client_of(redis_url)
        self.stage = Stage()
        self.dispatch_state = DispatchState(
            self.settings, SteppingScripts(self.settings, self.stage)
        )
        store: Any = SteppingStore(open_store(self.settings), self.stage)
        self.store = store
        self.jobs = JobStore(store)
        self.wire = Wire(self.settings, self.dispatch_state, self.stage)
        self.reader = Reader(self.stage)
        #: Reads only pages of jobs with the page option ``fallback``.
        self.fallback = Reader(self.stage, FALLBACK)
        #: The last one merges the documents of one and of three pages itself.
        self.workers = [Worker(f"worker-{number}", self) for number in range(2)]
        self.workers.append(Worker("worker-2", self, merge_at_once_pages=3))
        #: Has another model than all jobs, so it gets a page only of a job in the wrong pool.
        self.other_worker = Worker("other", self, OTHER)
        self.unacknowledged: list[PageMessage] = []
        self.excuses: Counter[str] = Counter()
        #: Jobs that a submission returned and no purge has removed.
        self.accepted: set[str] = set()
        #: May be changed while the sweepers run.
        self.timings = replace(timings or SweepTimings(), release_wait_s=0.0)
        self.sweepers = [self._sweeper(name) for name in SWEEPERS]
        self._sources = [self._source(folder, pages) for pages in DOCUMENTS]

    def _sweeper(self, name: str) -> Sweeper:
        repairs = make_repairs(
            self.jobs, self.dispatch_state, self.wire, adopt=True, timings=self.timings
        )
        return Sweeper(name, self.dispatch_state, repairs, lock_s=1)

    def _source(self, folder: Path, pages: int) -> OpenedDocument:
        path = folder / f"{pages}.pdf"
        path.write_bytes(f"%PDF {pages}".encode())
        data = path.read_bytes()
        return OpenedDocument("pdf", path, pages, hashlib.sha256(data).hexdigest(), len(data))

    # What processes do ---------------------------------------------------------------------

    def submit(self, document: int, priority: Priority) -> Actor:
        """``pagefleet submit``: makes a job or resumes it."""
        submitter = Submitter(
            _Inspected(self._sources[document % len(DOCUMENTS)]),  # type: ignore[arg-type]
            self.jobs, self.dispatch_state, self.wire, stalled_purge_s=0.0,
        )  # fmt: skip
        request = Request(
            self.settings.model_copy(update={"engine": "fake"}),
            priority=priority,
            labels={TENANT_LABEL: f"team {document % 2}"},
        )
        item = Input(word="a.pdf", kind="file")

        def work() -> None:
            self.accepted.add(submitter.submit(item, request).manifest.job_id)

        return self._command("submit", work)

    def retry(self, manifest: Manifest) -> Actor:
        """``pagefleet retry`` of a job that has ended."""
        for page in range(1, manifest.page_count + 1):
            self.excuses[page_id(manifest.job_id, page)] += self.settings.max_attempts

        def work() -> None:
            reopen(manifest, self.jobs, self.dispatch_state)
            resume(manifest, self.jobs, self.dispatch_state, self.wire)

        return self._command("retry", work)

    def cancel(self, manifest: Manifest) -> Actor:
        """``pagefleet cancel``."""
        jobs, dispatch_state = self.jobs, self.dispatch_state
        return self._command("cancel", lambda: cancel_job(manifest, jobs, dispatch_state, 0.0))

    def purge(self, manifest: Manifest) -> Actor:
        """``pagefleet purge`` of a job that has ended."""
        for page in range(1, manifest.page_count + 1):
            self.excuses[page_id(manifest.job_id, page)] += self.settings.max_attempts

        def work() -> None:
            self.accepted.discard(manifest.job_id)
            purge(self.jobs, manifest.job_id)
            self.dispatch_state.jobs.forget(manifest.job_id)

        return self._command("purge", work)

    def _command(self, name: str, work: Callable[[], object]) -> Actor:
        """A command; errors about a job that changed meanwhile are allowed."""

        def forgiving() -> None:
            with suppress(NotFound, JobResumed):
                work()

        return self.stage.begin(name, forgiving)

    @property
    def commanded(self) -> bool:
        """Whether a command still runs: a user waits for one before the next."""
        commands = ("submit", "cancel", "retry", "purge")
        return any(each.owner in commands and not each.ended for each in self.stage.actors)

    def sweep(self, number: int) -> Actor:
        """One round of one of two sweepers."""
        return self.stage.begin(SWEEPERS[number], self.sweepers[number].sweep)

    def reduce(self) -> Actor | None:
        """A control process takes a reduce message; None where there is none."""
        job_id = self.wire.take_reduce()
        if job_id is None:
            return None
        task = ReduceTask(self.jobs, self.dispatch_state, self.wire)
        message = ReduceMessage(job_id=job_id)
        return self.stage.begin("reducer", lambda: task.handle(message))

    def deliver(self, worker: Worker, place: int) -> bool:
        """A free worker takes one of the waiting messages."""
        queues = page_queues(worker.engine.pool.id)
        message = None if worker.busy else self.wire.take(queues, place)
        if message is None:
            return False
        worker.begin(message)
        return True

    def submitted(self, document: int = 0) -> Manifest:
        """The only job, after a producer has submitted ``document``."""
        self.submit(document, "normal").run_out()
        (manifest,) = self.manifests()
        return manifest

    def work(self) -> None:
        """The first worker and the reducer do all that waits."""
        worker = self.workers[0]
        while self.deliver(worker, 0):
            assert worker.actor is not None
            worker.actor.run_out()
        while (actor := self.reduce()) is not None:
            actor.run_out()

    # Faults --------------------------------------------------------------------------------

    def kill(self, worker: Worker) -> None:
        """SIGKILL: the message stays unacknowledged, the memory is lost."""
        if worker.busy and worker.actor is not None and worker.message is not None:
            worker.actor.die()
            self.unacknowledged.append(worker.message)
            self._excuse(worker.message)
        worker.restart()

    def _excuse(self, message: PageMessage) -> None:
        self.excuses[page_id(message.job_id, message.page)] += 1

    def expire(self, place: int) -> None:
        """One lease expires."""
        leases = [str(page) for page in self.client.zrange("pagefleet:leases:fake", 0, -1)]
        if leases:
            page = leases[place % len(leases)]
            self.client.zadd("pagefleet:leases:fake", {page: 1})
            self.excuses[page] += 1

    def misplace(self, manifest: Manifest) -> None:
        """A program without pools for further models puts an open job into another pool."""
        pages = self.dispatch_state.pages.move_job(manifest.job_id, OTHER.pool.id)
        self.wire.publish(pages)

    def wipe(self) -> None:
        """The broker restarts with an empty disk."""
        for worker in self.workers:
            if worker.busy and worker.message is not None:
                self._excuse(worker.message)
        self.client.flushall()
        self.unacknowledged.clear()

    def manifests(self) -> list[Manifest]:
        """The manifests of all jobs in the store."""
        found = [self.jobs.manifest(job_id) for job_id in self.jobs.job_ids()]
        return [manifest for manifest in found if manifest is not None]

    def expect_dead_markers(self) -> None:
        """Have sweepers treat every marker as abandoned from now on."""
        self.timings.dead_submission_s = self.timings.dead_purge_s = -1.0

    # The end -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Run everything to its end without failures."""
        self.reader.failing.clear()
        for actor in self.stage.actors:
            actor.run_out()
        self.expect_dead_markers()
        for message in self.unacknowledged:
            self.wire.put(message)
        for _ in range(60):
            self._round()
            if not list(self.store.list("open/")) and not self.client.keys("pagefleet:todo:*"):
                break
        for _ in range(3):
            self._round()

    def _round(self) -> None:
        for number in range(2):
            self.client.delete("pagefleet:lock:sweeper")
            self.sweep(number).run_out()
        while actor := self.reduce():
            actor.run_out()
        for worker in (self.other_worker, self.workers[0]):
            while self.deliver(worker, 0):
                assert worker.actor is not None
                worker.actor.run_out()
        for place in range(self.client.zcard("pagefleet:leases:fake")):
            self.expire(place)


class _Inspected:
    """An intake for documents that were inspected already."""

    def __init__(self, document: OpenedDocument) -> None:
        self._document = document

    @contextmanager
    def opened(self, input_: Input, password: str | None) -> Iterator[OpenedDocument]:
        yield self._document


def private_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder in memory where possible: hundreds of examples sync every file."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
