"""What each command does, between parsed words and exit status."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from producer import outcome
from producer.connections import Connections, choose_engine, pool_warning
from producer.inputs import Input, expand_inputs
from producer.intake import Intake
from producer.options import request_of, settings_of
from producer.outcome import Outcome
from producer.outputs import Stems, write_output
from producer.request import Request
from producer.run import Run
from producer.submission import Submission, Submitter
from producer.waiting import Bars, Follower, Progressed, follow
from shared import keys
from shared.cancelling import cancel_job
from shared.command_edge import say
from shared.errors import (
    ExitCode,
    PagefleetError,
    UsageError,
    WaitTimedOut,
    gravest,
)
from shared.hardware import local_engine
from shared.catalogue import engine_facts
from shared.jobs import JobStore
from shared.ledger import HotJob
from shared.records import Done, Manifest, RenderOptions
from shared.sandbox import Sandbox
from shared.settings import load_settings


def run_documents(given: dict[str, Any]) -> int:
    """``pagefleet run``."""
    settings = settings_of(given)
    engine = local_engine() if settings.engine == "auto" else settings.engine
    engine_facts(engine)
    request = request_of(given, settings, engine)
    inputs = expand_inputs(given["inputs"], given["manifest"], settings)
    return Run(request, given["folder"], given["as_json"], given["quiet"]).execute(inputs)


def submit_documents(given: dict[str, Any]) -> int:
    """``pagefleet submit``."""
    settings = settings_of(given)
    connections = Connections(settings)
    ledger = None if given["dry_run"] else connections.ledger
    engine = choose_engine(settings, ledger)
    request = request_of(given, settings, engine)
    inputs = expand_inputs(given["inputs"], given["manifest"], settings)
    with Sandbox("intake", 1, memory_mb=settings.page_memory_mb) as sandbox:
        intake = Intake(settings, sandbox)
        if given["dry_run"]:
            from producer.estimate import estimate

            return estimate(intake, inputs, request, connections, given["as_json"])
        return _submit_all(connections, intake, inputs, request, given)


def _submit_all(
    connections: Connections,
    intake: Intake,
    inputs: list[Input],
    request: Request,
    given: dict[str, Any],
) -> int:
    submitter = Submitter(intake, connections.jobs, connections.ledger, connections.dispatcher)
    codes: list[ExitCode] = []
    made: list[tuple[Input, Submission]] = []
    for item in inputs:
        try:
            submission = submitter.submit(item, request)
        except PagefleetError as error:
            _tell(outcome.refused(item.word, error), given["as_json"], codes)
        else:
            made.append((item, submission))
            if not given["wait"]:
                _say_submitted(item, submission, given["as_json"])
    warning = pool_warning(connections.ledger, request.engine)
    if warning and any(submission.done is None for _, submission in made):
        say(warning)
    if given["wait"]:
        _wait_for_submissions(connections, made, given["as_json"], codes)
    return gravest(codes)


def _say_submitted(item: Input, submission: Submission, as_json: bool) -> None:
    job_id = submission.manifest.job_id
    if not as_json:
        print(job_id, flush=True)
        return
    line = {
        "input": item.word,
        "job_id": job_id,
        "state": submission.kind,
        "pages": submission.pages,
        "error": None,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _wait_for_submissions(
    connections: Connections,
    made: list[tuple[Input, Submission]],
    as_json: bool,
    codes: list[ExitCode],
) -> None:
    manifests = {submission.manifest.job_id: submission.manifest for _, submission in made}
    ended = _follow(connections, manifests, None)
    for item, submission in made:
        manifest = submission.manifest
        where = job_uri(connections, keys.document(manifest.job_id, "md"))
        done = ended[manifest.job_id]
        told = outcome.ended(item.word, manifest, done, where, connections.jobs)
        _tell(told, as_json, codes)


def _follow(
    connections: Connections, manifests: dict[str, Manifest], timeout: float | None
) -> dict[str, Done]:
    follower = Follower(connections.jobs, connections.ledger_if_any())
    deadline = None if timeout is None else time.monotonic() + timeout
    with Bars() as bars:

        def show(job_id: str, progress: HotJob) -> None:
            name = manifests[job_id].source.name
            failed = progress.counts.failed
            bars.show(job_id, name, Progressed(progress.total, progress.done, failed))

        return follow(follower, manifests, show, deadline)


def wait_for_jobs(jobs: tuple[str, ...], timeout: float | None, as_json: bool) -> int:
    """``pagefleet wait``."""
    connections = Connections(load_settings())
    manifests = {job_id: find_job(connections.jobs, job_id) for job_id in jobs}
    ended = _follow(connections, manifests, timeout)
    codes: list[ExitCode] = []
    for job_id, done in ended.items():
        where = job_uri(connections, keys.document(job_id, "md"))
        told = outcome.ended(job_id, manifests[job_id], done, where, connections.jobs)
        _tell(told, as_json, codes)
    late = [job_id for job_id in manifests if job_id not in ended]
    if late:
        raise WaitTimedOut(f"{len(late)} jobs have not ended in {timeout:g} s: {', '.join(late)}")
    return gravest(codes)


def fetch_jobs(jobs: tuple[str, ...], folder: Path, render: RenderOptions, as_json: bool) -> int:
    """``pagefleet fetch``."""
    connections = Connections(load_settings())
    stems, codes = Stems(), list[ExitCode]()
    for job_id in jobs:
        try:
            manifest = find_job(connections.jobs, job_id)
            done = connections.jobs.done(job_id)
            if done is None:
                raise UsageError(
                    f"job {job_id} has not ended: pagefleet status {job_id}, or pagefleet wait"
                )
            stem = stems.take(manifest.source.name)
            output = write_output(connections.jobs, manifest, render, folder, stem)
            where = str(output.markdown)
            told = outcome.ended(job_id, manifest, done, where, connections.jobs)
        except PagefleetError as error:
            told = outcome.refused(job_id, error)
        _tell(told, as_json, codes)
    return gravest(codes)


def cancel_jobs(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet cancel``; 0 where every job has ended afterwards."""
    connections = Connections(load_settings())
    ledger = connections.ledger_if_any()
    for job_id in jobs:
        manifest = find_job(connections.jobs, job_id)
        done = cancel_job(manifest, connections.jobs, ledger)
        if ledger is not None:
            ledger.cancel_job(job_id)
        _print_done(job_id, done, as_json)
    return ExitCode.OK


def retry_jobs(jobs: tuple[str, ...], as_json: bool) -> int:
    """``pagefleet retry``."""
    settings = load_settings()
    connections = Connections(settings)
    with Sandbox("intake", 1, memory_mb=settings.page_memory_mb) as sandbox:
        intake = Intake(settings, sandbox)
        submitter = Submitter(intake, connections.jobs, connections.ledger, connections.dispatcher)
        for job_id in jobs:
            manifest = find_job(connections.jobs, job_id)
            done = connections.jobs.done(job_id)
            if done is None:
                raise UsageError(f"job {job_id} is still running; cancel it first, or wait")
            again = done.counts.failed
            if again:
                submitter.reopen(manifest)
            _print_line({"job_id": job_id, "retried": again}, as_json, f"{job_id} {again} pages")
    return ExitCode.OK


def purge_jobs(jobs: tuple[str, ...], older_than: float | None, as_json: bool) -> int:
    """``pagefleet purge``."""
    if not jobs and older_than is None:
        raise UsageError("name jobs to purge, or --older-than DAYS")
    connections = Connections(load_settings())
    chosen = list(jobs)
    if older_than is not None:
        chosen.extend(_older(connections.jobs, older_than))
    for job_id in chosen:
        find_job(connections.jobs, job_id)
        if connections.jobs.done(job_id) is None:
            raise UsageError(f"job {job_id} is running; cancel it before it is purged")
        connections.jobs.purge(job_id)
        _print_line({"job_id": job_id, "purged": True}, as_json, f"{job_id} purged")
    return ExitCode.OK


def _older(jobs: JobStore, days: float) -> Iterable[str]:
    horizon = time.time() - days * 86_400
    for job_id in list(jobs.job_ids()):
        manifest = jobs.manifest(job_id)
        if manifest and manifest.created < horizon and jobs.done(job_id):
            yield job_id


def write_job_report(job_id: str, output: Path) -> int:
    """``pagefleet report``."""
    from producer.report_pages import report_job

    connections = Connections(load_settings())
    manifest = find_job(connections.jobs, job_id)
    report_job(connections, manifest, output)
    say(f"wrote {output}")
    return ExitCode.OK


def find_job(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest of a job that a person named; raises UsageError."""
    keys.check_job_id(job_id)
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise UsageError(f"there is no job {job_id} in {jobs.store.url} (pagefleet list)")
    return manifest


def job_uri(connections: Connections, key: str) -> str:
    """The address of an object for a person."""
    return f"{connections.store.url.rstrip('/')}/{key}"


def _tell(told: Outcome, as_json: bool, codes: list[ExitCode]) -> None:
    codes.append(told.exit_code)
    if as_json:
        print(told.as_json(), flush=True)
    elif told.job_id is None:
        say(told.as_text())
    else:
        print(told.as_text(), flush=True)


def _print_done(job_id: str, done: Done, as_json: bool) -> None:
    counts = done.counts
    plain = {"job_id": job_id, "status": done.status, "counts": counts.model_dump()}
    text = f"{job_id} {done.status} ({counts.ok} ok, {counts.blank} blank, {counts.failed} failed)"
    _print_line(plain, as_json, text)


def _print_line(plain: dict[str, Any], as_json: bool, text: str) -> None:
    print(json.dumps(plain, ensure_ascii=False) if as_json else text, flush=True)
