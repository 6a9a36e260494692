"""``submit``, ``wait`` and ``fetch``: documents in, documents out, by a fleet elsewhere."""

import json
import time
from pathlib import Path
from typing import Any

from producer import outcome
from producer.connections import Connections, choose_engine, pool_warning
from producer.estimate import estimate
from producer.inputs import Input, expand_inputs
from producer.intake import Intake
from producer.known_jobs import find_job
from producer.options import request_of, settings_of
from producer.outcome import Outcome
from producer.outputs import Stems, write_output
from producer.request import Request
from producer.submission import Submission, Submitter
from producer.waiting import Bars, Follower, Progressed, follow
from shared import keys
from shared.command_edge import say
from shared.errors import ExitCode, PagefleetError, UsageError, WaitTimedOut, gravest
from shared.ledger import HotJob
from shared.records import Done, Manifest, RenderOptions
from shared.sandbox import Sandbox
from shared.settings import load_settings


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
