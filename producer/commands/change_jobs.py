"""``pagefleet cancel``, ``retry`` and ``purge``: change or remove stored jobs."""

import math
import time
from contextlib import suppress
from typing import Any

from producer.connections import Connections
from producer.status.find_jobs import find_job
from producer.submission.reopening import reopen, resume
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode, PagefleetError, ShardUnreachable, UsageError, worst
from shared.domain.object_keys import check_job_id
from shared.domain.records.job import Done, Manifest
from shared.jobs.cancelling import JobResumed, cancel_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import STALLED_S, is_half_purged, is_removable, remove

SECONDS_PER_DAY = 86_400


def cancel_jobs(job_ids: tuple[str, ...], as_json: bool) -> int:
    """Cancel jobs; 0 where every job has ended afterwards."""
    connections = Connections(load_settings())
    # A configured broker must answer: only the dispatch state can stop pages that are queued.
    dispatch_state = None if connections.settings.redis_url is None else connections.dispatch_state
    codes = list[ExitCode]()
    for manifest in [find_job(connections.jobs, job_id) for job_id in job_ids]:
        try:
            done = cancel_job(manifest, connections.jobs, dispatch_state)
        except (JobResumed, ShardUnreachable) as error:  # the other jobs are cancelled all the same
            codes.append(_print_error(error))
        else:
            _print_done(manifest.job_id, done, as_json)
    return worst(codes)


def retry_jobs(job_ids: tuple[str, ...], as_json: bool) -> int:
    """Read failed and cancelled pages again; raises UsageError for an open job."""
    connections = Connections(load_settings())
    _ = connections.dispatch_state  # it must answer before anything is looked up
    codes = list[ExitCode]()
    for manifest in [find_job(connections.jobs, job_id) for job_id in job_ids]:
        try:
            failed = _retry(connections, manifest)
        except ShardUnreachable as error:  # the other jobs are read again all the same
            codes.append(_print_error(error))
            continue
        text = f"{manifest.job_id} runs {failed} pages again"
        _print_line({"job_id": manifest.job_id, "retried": failed}, as_json, text)
    return worst(codes)


def _retry(connections: Connections, manifest: Manifest) -> int:
    """Run the failed and cancelled pages again; returns how many."""
    jobs, dispatch_state = connections.jobs, connections.dispatch_state
    done = jobs.done(manifest.job_id)
    if done is None:
        raise UsageError(f"job {manifest.job_id} is still running; cancel it first, or wait")
    if done.counts.failed:
        # First: a job of a silent shard stays as it is.
        dispatch_state = dispatch_state.of(manifest.job_id)
        reopen(manifest, jobs, dispatch_state)
        resume(manifest, jobs, dispatch_state, connections.dispatcher.of(manifest.job_id))
    return done.counts.failed


def purge_jobs(
    job_ids: tuple[str, ...],
    older_than_days: float | None,
    as_json: bool,
    stalled_s: float = STALLED_S,
) -> int:
    """Remove the named jobs, and with ``older_than_days`` every older ended job."""
    if not job_ids and older_than_days is None:
        raise UsageError("name jobs to purge, or --older-than DAYS")
    connections = Connections(load_settings())
    jobs, dispatch_state = connections.jobs, connections.dispatch_state_or_none()
    for job_id, created_before in _purgeable(jobs, job_ids, older_than_days).items():
        if not is_removable(jobs, job_id, created_before):
            print_message(f"{job_id} was submitted or retried meanwhile; it is not purged")
            continue
        remove(jobs, job_id, stalled_s)
        if dispatch_state is not None:
            with suppress(ShardUnreachable):  # what it knows of the job expires
                dispatch_state.jobs.forget(job_id)
        _print_line({"job_id": job_id, "purged": True}, as_json, f"{job_id} purged")
    return ExitCode.OK


def _purgeable(
    jobs: JobStore, job_ids: tuple[str, ...], older_than_days: float | None
) -> dict[str, float]:
    """Jobs to purge, each with the time before which it must have been created."""
    named = {_check_purgeable(jobs, job_id): math.inf for job_id in job_ids}
    if older_than_days is None:
        return named
    horizon = time.time() - older_than_days * SECONDS_PER_DAY
    old = [job_id for job_id in jobs.job_ids() if is_removable(jobs, job_id, horizon)]
    return dict.fromkeys(old, horizon) | named


def _check_purgeable(jobs: JobStore, job_id: str) -> str:
    """``job_id`` of an ended job or of one whose purge crashed; raises UsageError for others."""
    if not is_half_purged(jobs, check_job_id(job_id)):
        find_job(jobs, job_id)
        if jobs.done(job_id) is None:
            raise UsageError(f"job {job_id} is running; cancel it before it is purged")
    return job_id


def _print_error(error: PagefleetError) -> ExitCode:
    print_message(f"error[{error.code}]: {error.message}")
    return error.exit_code


def _print_done(job_id: str, done: Done, as_json: bool) -> None:
    counts = done.counts
    plain = {"job_id": job_id, "status": done.status, "counts": counts.model_dump()}
    text = f"{job_id} {done.status} ({counts.ok} ok, {counts.blank} blank, {counts.failed} failed)"
    _print_line(plain, as_json, text)


def _print_line(plain: dict[str, Any], as_json: bool, text: str) -> None:
    print(json_line(plain) if as_json else printable(text), flush=True)
