"""``cancel``, ``retry``, ``purge`` and ``report``: what is done to a job that is there."""

import json
import math
import time
from pathlib import Path
from typing import Any

from producer.connections import Connections
from producer.status.known_jobs import find_job
from producer.submission.reopening import reopen, take_up
from shared.config.settings import load_settings
from shared.console.entry_point import say
from shared.domain.errors import ExitCode, UsageError, gravest
from shared.domain.object_keys import check_job_id
from shared.domain.records import Done
from shared.jobs.cancelling import JobResumed, cancel_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import is_half_purged, is_removable, remove


def cancel_jobs(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet cancel``; 0 where every job has ended afterwards."""
    connections = Connections(load_settings())
    # A broker that is configured must answer: nobody else can stop the pages.
    dispatch_state = None if connections.settings.redis_url is None else connections.dispatch_state
    codes = list[ExitCode]()
    for manifest in [find_job(connections.jobs, job_id) for job_id in jobs]:
        try:
            done = cancel_job(manifest, connections.jobs, dispatch_state)
        except JobResumed as error:  # the others are wanted no more all the same
            say(f"error[{error.code}]: {error.message}")
            codes.append(error.exit_code)
        else:
            _print_done(manifest.job_id, done, as_json)
    return gravest(codes)


def retry_jobs(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet retry``."""
    connections = Connections(load_settings())
    known, dispatch_state = connections.jobs, connections.dispatch_state
    for manifest in [find_job(known, job_id) for job_id in jobs]:
        job_id = manifest.job_id
        done = known.done(job_id)
        if done is None:
            raise UsageError(f"job {job_id} is still running; cancel it first, or wait")
        again = done.counts.failed
        if again:
            reopen(manifest, known, dispatch_state)
            take_up(manifest, known, dispatch_state, connections.dispatcher)
        text = f"{job_id} runs {again} pages again"
        _print_line({"job_id": job_id, "retried": again}, as_json, text)
    return ExitCode.OK


def purge_jobs(jobs: tuple[str, ...], older_than: float | None, as_json: bool) -> int:
    """``pagefleet purge``."""
    if not jobs and older_than is None:
        raise UsageError("name jobs to purge, or --older-than DAYS")
    connections = Connections(load_settings())
    dispatch_state = connections.dispatch_state_or_none()
    known = connections.jobs
    chosen = {_purgeable(known, job_id): math.inf for job_id in jobs}
    if older_than is not None:
        horizon = time.time() - older_than * 86_400
        old = [each for each in known.job_ids() if is_removable(known, each, horizon)]
        chosen = dict.fromkeys(old, horizon) | chosen
    for job_id, before in chosen.items():
        if not is_removable(known, job_id, before):
            say(f"{job_id} was taken up again meanwhile; it stays")
            continue
        remove(known, job_id)
        if dispatch_state is not None:
            dispatch_state.jobs.forget(job_id)
        _print_line({"job_id": job_id, "purged": True}, as_json, f"{job_id} purged")
    return ExitCode.OK


def _purgeable(jobs: JobStore, job_id: str) -> str:
    """The id of a job that a person may purge, also one whose purge died; raises UsageError."""
    if not is_half_purged(jobs, check_job_id(job_id)):
        find_job(jobs, job_id)
        if jobs.done(job_id) is None:
            raise UsageError(f"job {job_id} is running; cancel it before it is purged")
    return job_id


def write_job_report(job_id: str, output: Path) -> int:
    """``pagefleet report``."""
    from producer.report import report_job

    connections = Connections(load_settings())
    manifest = find_job(connections.jobs, job_id)
    pictures = report_job(connections, manifest, output)
    say(f"wrote {output}" + (f", with its pictures in {pictures}" if pictures else ""))
    return ExitCode.OK


def _print_done(job_id: str, done: Done, as_json: bool) -> None:
    counts = done.counts
    plain = {"job_id": job_id, "status": done.status, "counts": counts.model_dump()}
    text = f"{job_id} {done.status} ({counts.ok} ok, {counts.blank} blank, {counts.failed} failed)"
    _print_line(plain, as_json, text)


def _print_line(plain: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(plain, ensure_ascii=False) if as_json else text, flush=True)
