"""``pagefleet status``, ``list`` and ``failures``: print facts about stored jobs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from producer.connections import Connections, pool_warning, quota_note
from producer.delivery.outcome import UNKNOWN_QUALITY
from producer.intake.labels import parse_labels
from producer.status.find_jobs import (
    all_jobs,
    find_job,
    open_jobs,
    or_error,
    readable,
    readable_facts,
)
from producer.status.job_facts import JobFacts, job_facts, with_submissions, with_usage
from producer.status.submissions import has_labels, names, submissions
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings, load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode
from shared.domain.page_ranges import expand
from shared.domain.records.job import Manifest
from shared.jobs.job_store import READERS, JobStore


def show_status(job_ids: tuple[str, ...], min_quality: float | None, as_json: bool) -> int:
    """Print the progress of the named jobs, by default of all open ones."""
    settings = load_settings()
    connections = Connections(settings)
    jobs, dispatch_state = connections.jobs, connections.dispatch_state_or_none()
    named = [find_job(jobs, job_id) for job_id in job_ids]

    def read(manifest: Manifest) -> JobFacts:
        return with_usage(_facts(manifest, jobs, dispatch_state), jobs, settings, min_quality)

    facts = list(map(read, named) if named else readable_facts(read, open_jobs(jobs)))
    _print_facts(facts, as_json)
    if not facts and not as_json:
        print_message("no open jobs (pagefleet list shows the ended ones)")
    _warn_of_waiting(dispatch_state, facts, settings)
    return ExitCode.OK if min_quality is None else _quality_code(facts)


def _quality_code(facts: Iterable[JobFacts]) -> ExitCode:
    """The exit code of --min-quality; names the ended jobs whose quality is not known."""
    unknown = [fact.manifest.job_id for fact in facts if fact.is_ended and fact.usage is None]
    for job_id in unknown:
        print_message(f"{job_id}: {UNKNOWN_QUALITY}")
    is_low = any(fact.low_quality and fact.low_quality.pages for fact in facts)
    return ExitCode.FAILED_PAGES if is_low or unknown else ExitCode.OK


def show_list(as_json: bool, label_words: tuple[str, ...], limit: int) -> int:
    """Print the newest ``limit`` jobs of which one submission has all the labels."""
    labels = parse_labels(label_words)
    connections = Connections(load_settings())
    jobs, dispatch_state = connections.jobs, connections.dispatch_state_or_none()
    manifests = list(
        readable_facts(
            lambda each: each if has_labels(jobs, each, labels) else None, all_jobs(jobs)
        )
    )
    manifests.sort(key=lambda manifest: (manifest.created, manifest.job_id), reverse=True)
    read = partial(_facts, jobs=jobs, dispatch_state=dispatch_state)
    with ThreadPoolExecutor(READERS, thread_name_prefix="list") as pool:
        found = pool.map(partial(or_error, read), manifests[:limit])
        _print_facts(list(readable(found)), as_json)
    if not manifests and not as_json:
        print_message("no jobs")
    return ExitCode.OK


def show_failures(job_ids: tuple[str, ...], as_json: bool) -> int:
    """Print the failed pages of the named jobs, by default of all jobs."""
    connections = Connections(load_settings())
    named = [find_job(connections.jobs, job_id) for job_id in job_ids]
    read = partial(_failures, connections.jobs)
    of_all = map(read, named) if named else readable_facts(read, all_jobs(connections.jobs))
    for failures in of_all:
        for failure in failures:
            text = "{job_id} page {page}: {code}: {message} ({attempts} attempts)".format(**failure)
            print(json_line(failure) if as_json else printable(text), flush=True)
    return ExitCode.OK


def _facts(manifest: Manifest, jobs: JobStore, dispatch_state: DispatchState | None) -> JobFacts:
    return with_submissions(job_facts(manifest, jobs, dispatch_state), jobs)


def _print_facts(facts: Iterable[JobFacts], as_json: bool) -> None:
    for fact in facts:
        print(json_line(fact.as_plain()) if as_json else fact.as_text())


def _warn_of_waiting(
    dispatch_state: DispatchState | None, facts: Iterable[JobFacts], settings: Settings
) -> None:
    """Say which pages wait for workers, or for a quota."""
    waiting = [fact.manifest for fact in facts if fact.status in ("waiting", "running")]
    if dispatch_state is None:
        if waiting:
            print_message("warning: no broker is configured or answers; open jobs make no progress")
        return
    pools = {each.options.pool for each in waiting}
    tenants = {(each.options.pool, settings.tenant(each.labels)) for each in waiting}
    for warning in (
        *(pool_warning(dispatch_state, pool) for pool in sorted(pools, key=str)),
        *(quota_note(dispatch_state, *each) for each in sorted(tenants, key=str)),
    ):
        if warning:
            print_message(warning)


def _failures(jobs: JobStore, manifest: Manifest) -> list[dict[str, Any]]:
    states = jobs.page_states(manifest.job_id)
    failed = [page for page in expand(manifest.page_ranges) if page in states.failed]
    own_names = names(submissions(jobs, manifest)) if failed else []
    return [
        {
            "job_id": manifest.job_id,
            "name": manifest.source.name,
            "names": own_names,
            "page": result.page,
            "code": result.error.code,
            "message": result.error.message,
            "attempts": result.attempts,
        }
        for result in jobs.results(manifest.job_id, failed, states)
        if result.error is not None
    ]
