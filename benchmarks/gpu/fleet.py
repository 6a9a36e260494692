"""Measures the whole fleet: submits documents and waits until every job has its ``_DONE``.

The time is from the first submission to the last ``_DONE``, with a warm engine. The broker is the
embedded one and the store is a folder, unless PAGEFLEET_REDIS_URL and PAGEFLEET_STORE are set.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import cycle
from statistics import fmean
from typing import Any

import pymupdf
from pydantic import SecretStr

from benchmarks.gpu.plan import Plan
from benchmarks.gpu.speed import middle
from benchmarks.gpu.watch import Usage, Watch
from producer.connections import Connections
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.local.embedded_broker import EmbeddedBroker
from producer.local.local_fleet import LocalFleet
from producer.status.follow import Follower
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.page_ranges import expand
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageResult, Timings
from workers.process.start import plan_pages

#: Documents opened in parallel, as by ``pagefleet run``.
INTAKES = 2
POLL_S = 0.1
REPORT_EVERY_S = 3.0
WARM_PAGES = 96
#: Seconds that the workers get to stop.
STOP_S = 60.0


@dataclass(frozen=True)
class PageRange:
    """Pages of a document; ``ranges`` None means all."""

    path: str
    ranges: str | None


def measure(plan: Plan) -> dict[str, Any]:
    """Pages and tokens per second for ``plan.pages`` pages and for each of ``plan.sizes``."""
    with ExitStack() as stack:
        watch = stack.enter_context(Watch("fleet", plan.gpus))
        settings = stack.enter_context(_with_broker(plan.settings()))
        fleet = stack.enter_context(LocalFleet(settings, plan.engine))
        intake = stack.enter_context(Intake(settings, INTAKES))
        run = FleetRun(plan, settings, fleet, intake, watch)
        watch.say(f"starting the workers, log: {fleet.log}")
        fleet.start()
        run.wait_for_workers()
        run.convert(min(WARM_PAGES, plan.pages))
        watch.say("warm")
        measured = run.convert(plan.pages)
        sizes = {str(pages): run.convert(pages) for pages in plan.sizes}
        fleet.stop(timeout_s=STOP_S)
    return {**measured, "sizes": sizes}


class FleetRun:
    """A running fleet that converts the first pages of the documents."""

    def __init__(
        self, plan: Plan, settings: Settings, fleet: LocalFleet, intake: Intake, watch: Watch
    ) -> None:
        self._plan = plan
        self._fleet = fleet
        self._watch = watch
        self._connections = Connections(settings)
        self._request = Request(settings.model_copy(update={"engine": plan.engine}), force=True)
        self._follower = Follower(self._connections.jobs, self._connections.dispatch_state)
        self._submitter = Submitter(
            intake,
            self._connections.jobs,
            self._connections.dispatch_state,
            self._connections.dispatcher,
        )
        self._deadline = time.monotonic() + plan.limit_s

    def wait_for_workers(self) -> None:
        """Wait until every engine of this machine is loaded, or the time is over."""
        engines = len(plan_pages(self._connections.settings, self._plan.engine))
        while time.monotonic() < self._deadline:
            live = len(self._connections.dispatch_state.workers.live(self._request.pool().id))
            if live >= engines:
                return
            self._fleet.check()
            self._watch.say(f"{live} of {engines} engines are loaded")
            time.sleep(REPORT_EVERY_S)

    def convert(self, pages: int) -> dict[str, Any]:
        """Convert ``pages`` pages; returns the measurements."""
        begin = self._watch.mark()
        with ThreadPoolExecutor(INTAKES) as pool:
            futures = [
                pool.submit(self._submit, page_range) for page_range in _choose(self._plan, pages)
            ]
            complete = self._follow(futures, pages)
            end = self._watch.mark()
            pool.shutdown(cancel_futures=True)
        manifests = [future.result().manifest for future in futures if not future.cancelled()]
        summary = self._summary(manifests, self._watch.usage(begin, end), begin)
        self._watch.say(
            f"{summary['pages']} pages in {summary['seconds']:.1f} s, "
            f"{summary['pages_per_s']:.2f} pages/s{'' if complete else ', cut short'}"
        )
        return {**summary, "complete": complete}

    def _submit(self, page_range: PageRange) -> Submission:
        request = replace(self._request, pages=page_range.ranges)
        return self._submitter.submit(Input(page_range.path, "file"), request)

    def _follow(self, futures: "list[Future[Submission]]", pages: int) -> bool:
        """Wait until all jobs have ended; False if the time was over before."""
        waiting, ended, reported = list(futures), 0, time.monotonic()
        while waiting:
            self._fleet.check()
            hot = 0
            for future in list(waiting):
                done, over = self._look(future)
                hot += done
                if over:
                    waiting.remove(future)
                    ended, hot = ended + done, hot - done
            if time.monotonic() > self._deadline:
                return False
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                self._watch.say(f"{ended + hot} of {pages} pages")
            time.sleep(POLL_S)
        return True

    def _look(self, future: "Future[Submission]") -> tuple[int, bool]:
        """Pages done, and whether the job has ended."""
        if not future.done():
            return 0, False
        submission = future.result()
        job_id = submission.manifest.job_id
        progress = self._follower.progress(job_id)
        if self._follower.ended(job_id, progress) is not None:
            return submission.pages, True
        return (progress.done if progress else 0), False

    def _summary(self, manifests: list[Manifest], usage: Usage, begin: float) -> dict[str, Any]:
        results = [result for manifest in manifests for result in self._results(manifest)]
        steady = middle(
            begin, [end for manifest in manifests for end in self._ends(manifest).values()]
        )
        entered = sorted(each for manifest in manifests for each in self._entered(manifest))
        tokens, pages = sum(result.output_tokens for result in results), len(results)
        return {
            "pages": pages,
            "documents": len(manifests),
            "seconds": usage.seconds,
            "pages_per_s": pages / usage.seconds,
            **self._watch.steady(steady),
            "tokens_per_s": tokens / usage.seconds,
            "tokens_per_page": tokens / max(pages, 1),
            "entered_s": _span([each - begin for each in entered]),
            "stages_ms": _stages(results),
            "statuses": dict(Counter(result.status for result in results)),
            "finish_reasons": dict(Counter(str(result.finish_reason) for result in results)),
            "errors": dict(Counter(r.error.code for r in results if r.error is not None)),
            "usage": usage.plain(),
        }

    def _results(self, manifest: Manifest) -> Iterator[PageResult]:
        jobs = self._connections.jobs
        states = jobs.page_states(manifest.job_id)
        pages = [page for page in expand(manifest.page_ranges) if page in states.all]
        return jobs.results(manifest.job_id, pages, states)

    def _entered(self, manifest: Manifest) -> Iterator[float]:
        """The time at which each prepared page was given to the engine."""
        ends = self._ends(manifest)
        for result in self._results(manifest):
            if result.page in ends:
                engine_ms = result.timings_ms.engine + result.timings_ms.parse
                yield ends[result.page] - engine_ms / 1000

    def _ends(self, manifest: Manifest) -> dict[int, float]:
        """The monotonic time at which each page's result was written; needs a store in a folder."""
        offset = time.monotonic() - time.time()
        paths = {
            page: self._connections.store.local_path(object_keys.page(manifest.job_id, page))
            for page in expand(manifest.page_ranges)
        }
        return {
            page: path.stat().st_mtime + offset
            for page, path in paths.items()
            if path is not None and path.exists()
        }


def _choose(plan: Plan, pages: int) -> Iterator[PageRange]:
    """The first ``pages`` pages of the documents; starts over if there are fewer."""
    remaining = pages
    for path in cycle(plan.documents):
        if remaining <= 0:
            return
        with pymupdf.open(path) as document:
            count = document.page_count
        yield PageRange(path, None if count <= remaining else f"1-{remaining}")
        remaining -= count


def _span(seconds: list[float]) -> dict[str, float]:
    """The first, middle and last value of the sorted ``seconds``."""
    if not seconds:
        return {}
    return {"first": seconds[0], "middle": seconds[len(seconds) // 2], "last": seconds[-1]}


def _stages(results: list[PageResult]) -> dict[str, float]:
    """Mean milliseconds in each stage."""
    timings = [result.timings_ms for result in results if result.status == "ok"]
    if not timings:
        return {}
    return {name: fmean(getattr(each, name) for each in timings) for name in Timings.model_fields}


@contextmanager
def _with_broker(settings: Settings) -> Iterator[Settings]:
    if settings.redis_url is not None:
        yield settings
        return
    with EmbeddedBroker(settings) as broker:
        yield settings.model_copy(update={"redis_url": SecretStr(broker.url)})
