"""What is known of jobs: from the store alone, and better where a broker answers."""

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from producer.commands.cli_options import parse_labels
from producer.connections import Connections, pool_warning
from producer.status.known_jobs import find_job
from producer.status.progress import duration, pace
from shared.broker.dispatch_state import DispatchState, HotJob
from shared.config.settings import Settings, load_settings
from shared.console.entry_point import print_message
from shared.console.printable import printable
from shared.domain import object_keys
from shared.domain.cost import Usage
from shared.domain.errors import BrokerUnreachable, CorruptDocument, ExitCode
from shared.domain.page_ranges import count, expand
from shared.domain.records import Counts, Manifest
from shared.jobs.job_store import READERS, JobStore, selected


@dataclass(frozen=True)
class JobFacts:
    """One line of ``status`` or ``list``."""

    manifest: Manifest
    #: ok, partial, failed or cancelled once ended; waiting or running before.
    status: str
    pages: int
    done: int
    counts: Counts
    pages_per_s: float | None = None
    eta_s: float | None = None
    #: What its pages cost so far; None where that would take a look at every page.
    usage: Usage | None = None

    def as_plain(self) -> dict[str, Any]:
        """JSON-ready facts."""
        manifest = self.manifest
        return {
            "job_id": manifest.job_id,
            "name": manifest.source.name,
            "status": self.status,
            "pages": self.pages,
            "done": self.done,
            "counts": self.counts.model_dump(),
            "engine": manifest.options.engine,
            "model": manifest.options.model,
            "task": manifest.options.task.value,
            "priority": manifest.priority,
            "labels": manifest.labels,
            "created": datetime.fromtimestamp(manifest.created, UTC).isoformat(),
            "pages_per_s": self.pages_per_s,
            "eta_s": self.eta_s,
            **(self.usage or Usage(0, 0.0)).as_plain(),
            **({} if self.usage else {"worker_seconds": None}),
        }

    def as_text(self) -> str:
        """One line for a person."""
        counts = self.counts
        eta = "" if self.eta_s is None else f", eta {duration(self.eta_s)}"
        speed = "" if not self.pages_per_s else f", {self.pages_per_s:.1f} pages/s"
        cost = self.usage.cost if self.usage else None
        price = "" if cost is None else f", cost {cost:.4f}"
        name = printable(self.manifest.source.name)
        return (
            f"{self.manifest.job_id}  {self.status:9}  {self.done}/{self.pages} pages "
            f"({counts.ok} ok, {counts.blank} blank, {counts.failed} failed{speed}{eta}{price})"
            f"  {name}"
        )


def show_status(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet status``."""
    settings = load_settings()
    connections = Connections(settings)
    dispatch_state = connections.dispatch_state_or_none()
    manifests = [find_job(connections.jobs, job_id) for job_id in jobs] or list(
        _open_manifests(connections.jobs)
    )
    facts = [
        with_usage(
            job_facts(manifest, connections.jobs, dispatch_state), connections.jobs, settings
        )
        for manifest in manifests
    ]
    for fact in facts:
        print(json.dumps(fact.as_plain(), ensure_ascii=False) if as_json else fact.as_text())
    if not facts and not as_json:
        print_message("no open jobs (pagefleet list shows the ended ones)")
    _warn(dispatch_state, facts)
    return ExitCode.OK


def show_list(as_json: bool, pairs: tuple[str, ...], limit: int) -> int:
    """``pagefleet list``."""
    labels = parse_labels(pairs)
    connections = Connections(load_settings())
    dispatch_state = connections.dispatch_state_or_none()
    found = [manifest for manifest in _manifests(connections.jobs) if _labelled(manifest, labels)]
    found.sort(key=lambda manifest: (manifest.created, manifest.job_id), reverse=True)
    with ThreadPoolExecutor(READERS, thread_name_prefix="list") as pool:
        look = partial(job_facts, jobs=connections.jobs, dispatch_state=dispatch_state)
        facts = list(pool.map(look, found[:limit]))
    for fact in facts:
        print(json.dumps(fact.as_plain(), ensure_ascii=False) if as_json else fact.as_text())
    if not found and not as_json:
        print_message("no jobs")
    return ExitCode.OK


def show_failures(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet failures``."""
    connections = Connections(load_settings())
    chosen = [find_job(connections.jobs, job_id) for job_id in jobs]
    for manifest in chosen or _manifests(connections.jobs):
        for plain in _failures(connections.jobs, manifest):
            text = "{job_id} page {page}: {code}: {message} ({attempts} attempts)".format(**plain)
            print(json.dumps(plain, ensure_ascii=False) if as_json else text, flush=True)
    return ExitCode.OK


def job_facts(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None) -> JobFacts:
    """How far one job is; reads few objects for an ended or hot job."""
    pages = count(selected(manifest))
    done = jobs.done(manifest.job_id)
    if done is not None:
        return JobFacts(manifest, done.status, pages, done.counts.total, done.counts)
    hot = _hot(manifest.job_id, dispatch_state)
    if hot is not None:
        return _hot_facts(manifest, pages, hot)
    states = jobs.page_states(manifest.job_id)
    counts = jobs.count(manifest.job_id, states)
    return JobFacts(manifest, "waiting", pages, counts.total, counts)


def with_usage(facts: JobFacts, jobs: JobStore, settings: Settings) -> JobFacts:
    """An ended job's usage is in its document, so this reads one more object."""
    usage = facts.usage
    if usage is None:
        seconds = jobs.worker_seconds(facts.manifest.job_id)
        if seconds is None:
            return facts
        usage = Usage(facts.done, seconds)
    return replace(facts, usage=replace(usage, price_per_hour=settings.price_per_hour))


def _hot_facts(manifest: Manifest, pages: int, hot: HotJob) -> JobFacts:
    speed = pace(hot, time.time())
    status = "waiting" if hot.done == hot.already else "running"
    if hot.state == "cancelled":
        status = "cancelled"
    usage = Usage(hot.done - hot.already, hot.worker_ms / 1000)
    return JobFacts(
        manifest, status, pages, hot.done, hot.counts, speed.pages_per_s, speed.eta_s, usage
    )


def _hot(job_id: str, dispatch_state: DispatchState | None) -> HotJob | None:
    if dispatch_state is None:
        return None
    try:
        return dispatch_state.hot_job(job_id)
    except BrokerUnreachable:
        return None


def _warn(dispatch_state: DispatchState | None, facts: Iterable[JobFacts]) -> None:
    wanted = {
        (fact.manifest.options.engine, fact.manifest.options.model)
        for fact in facts
        if fact.status in ("waiting", "running")
    }
    for engine, model in sorted(wanted):
        if dispatch_state is None:
            print_message("warning: no broker is configured or answers; open jobs do not move")
            return
        warning = pool_warning(dispatch_state, engine, model)
        if warning:
            print_message(warning)


def _failures(jobs: JobStore, manifest: Manifest) -> Iterator[dict[str, Any]]:
    states = jobs.page_states(manifest.job_id)
    wanted = [page for page in expand(selected(manifest)) if page in states.failed]
    for result in jobs.results(manifest.job_id, wanted, states):
        if result.error is not None:
            yield {
                "job_id": manifest.job_id,
                "name": manifest.source.name,
                "page": result.page,
                "code": result.error.code,
                "message": result.error.message,
                "attempts": result.attempts,
            }


def _manifests(jobs: JobStore) -> Iterator[Manifest]:
    """Every job in the store; one that can't be understood is told of and passed over."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifests") as pool:
        for found in pool.map(partial(_readable, jobs), jobs.job_ids()):
            if isinstance(found, CorruptDocument):
                print_message(f"warning: {found.message}")
            elif found is not None:
                yield found


def _readable(jobs: JobStore, job_id: str) -> Manifest | CorruptDocument | None:
    try:
        return jobs.manifest(job_id)
    except CorruptDocument as error:
        return error


def _open_manifests(jobs: JobStore) -> Iterator[Manifest]:
    for key in jobs.store.list(object_keys.OPEN):
        manifest = jobs.manifest(key.removeprefix(object_keys.OPEN))
        if manifest is not None and jobs.done(manifest.job_id) is None:
            yield manifest


def _labelled(manifest: Manifest, labels: dict[str, str]) -> bool:
    return all(manifest.labels.get(key) == value for key, value in labels.items())
