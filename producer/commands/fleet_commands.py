"""``submit``, ``wait`` and ``fetch``: documents in, documents out, by a fleet elsewhere."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from producer.commands.cli_options import render_options, request_of, settings_of
from producer.commands.estimate import estimate
from producer.connections import Connections, choose_engine, pool_warning
from producer.delivery import outcome
from producer.delivery.outcome import Outcome
from producer.delivery.outputs import Stems, write_output
from producer.intake.inputs import Input, expand_inputs
from producer.intake.opener import Intake
from producer.status.known_jobs import find_job
from producer.status.waiting import Bars, Follower, Progressed, follow
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.broker.dispatch_state import HotJob
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.domain import object_keys
from shared.domain.errors import (
    ExitCode,
    PagefleetError,
    TransientError,
    UsageError,
    WaitTimedOut,
    gravest,
)
from shared.domain.output_formats import MARKDOWN
from shared.domain.records import Done, Manifest

#: Inputs in a row that may fail by a service before the others are refused untried.
PATIENCE = 2


def submit_documents(given: dict[str, Any]) -> int:
    """``pagefleet submit``."""
    settings = settings_of(given)
    connections = Connections(settings)
    dispatch_state = (
        connections.dispatch_state_or_none() if given["dry_run"] else connections.dispatch_state
    )
    request = request_of(given, settings, choose_engine(settings, dispatch_state))
    inputs = expand_inputs(given["inputs"], given["manifest"], settings)
    request.check_all(inputs)
    with Intake(settings) as intake:
        if given["dry_run"]:
            return estimate(intake, inputs, request, settings, given["as_json"])
        return _submit_all(connections, intake, inputs, request, given)


def _submit_all(
    connections: Connections,
    intake: Intake,
    inputs: list[Input],
    request: Request,
    given: dict[str, Any],
) -> int:
    submitter = Submitter(
        intake, connections.jobs, connections.dispatch_state, connections.dispatcher
    )
    codes: list[ExitCode] = []
    made: list[tuple[Input, Submission]] = []
    for item, result in _each(submitter, inputs, request):
        if isinstance(result, Exception):
            _tell(outcome.refused(item.word, result), given["as_json"], codes)
            continue
        made.append((item, result))
        warning = result.warning(item.word)
        if warning:
            print_message(warning)
        if not given["wait"]:
            _say_submitted(item, result, given["as_json"])
    for model in sorted(_models(made)):
        _warn(connections, request.engine, model)
    if given["wait"]:
        _wait_for_submissions(connections, made, given["as_json"], codes)
    return gravest(codes)


def _each(
    submitter: Submitter, inputs: list[Input], request: Request
) -> Iterator[tuple[Input, Submission | Exception]]:
    """What became of each input; a service that is down is not asked for all of them."""
    failures: list[PagefleetError] = []
    for item in inputs:
        if len(failures) >= PATIENCE:
            yield item, failures[-1]
            continue
        try:
            yield item, submitter.submit(item, request)
            failures.clear()
        except TransientError as error:
            failures.append(error)
            yield item, error
        except Exception as error:  # one input must not stop the others, whatever it is
            yield item, error


def _models(made: "list[tuple[Input, Submission]]") -> set[str]:
    """Those that submissions wait for."""
    return {each.manifest.options.model for _, each in made if each.done is None}


def _warn(connections: Connections, engine: str, model: str) -> None:
    warning = pool_warning(connections.dispatch_state, engine, model)
    if warning:
        print_message(warning)


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
    words: dict[str, list[str]] = defaultdict(list)
    manifests = {}
    for item, submission in made:
        words[submission.manifest.job_id].append(item.word)
        manifests[submission.manifest.job_id] = submission.manifest
    with Bars() as bars:
        for job_id, done in _follow(connections, manifests, None, bars):
            for word in words[job_id]:
                _tell(_ended(connections, word, manifests[job_id], done), as_json, codes, bars)


def wait_for_jobs(jobs: tuple[str, ...], timeout: float | None, as_json: bool) -> int:
    """``pagefleet wait``."""
    connections = Connections(load_settings())
    manifests = {job_id: find_job(connections.jobs, job_id) for job_id in jobs}
    codes: list[ExitCode] = []
    late = dict.fromkeys(manifests)
    with Bars() as bars:
        for job_id, done in _follow(connections, manifests, timeout, bars):
            del late[job_id]
            _tell(_ended(connections, job_id, manifests[job_id], done), as_json, codes, bars)
    if late:
        raise WaitTimedOut(
            f"{len(late)} of {len(manifests)} jobs have not ended in {timeout:g} s: "
            f"{', '.join(late)} (pagefleet status shows how far they are)"
        )
    return gravest(codes)


def fetch_jobs(jobs: tuple[str, ...], folder: Path, given: dict[str, Any], as_json: bool) -> int:
    """``pagefleet fetch``."""
    connections = Connections(load_settings())
    stems, codes = Stems(), list[ExitCode]()
    for job_id in jobs:
        try:
            told = _fetch(connections, job_id, folder, stems, given)
        except PagefleetError as error:
            told = outcome.refused(job_id, error)
        _tell(told, as_json, codes)
    return gravest(codes)


def _fetch(
    connections: Connections, job_id: str, folder: Path, stems: Stems, given: dict[str, Any]
) -> Outcome:
    jobs = connections.jobs
    manifest = find_job(jobs, job_id)
    done = jobs.done(job_id)
    if done is None:
        raise UsageError(f"job {job_id} has not ended: pagefleet wait {job_id}")
    render = render_options(given, manifest.render)
    try:
        output = write_output(jobs, manifest, render, folder, stems.take(manifest.source.name))
    except PagefleetError as error:
        return outcome.undelivered(job_id, manifest, done, error)
    return outcome.ended(job_id, manifest, output.done, str(output.markdown), jobs)


def _follow(
    connections: Connections, manifests: dict[str, Manifest], timeout: float | None, bars: Bars
) -> Iterator[tuple[str, Done]]:
    follower = Follower(connections.jobs, connections.dispatch_state_or_none())
    deadline = None if timeout is None else time.monotonic() + timeout

    def show(job_id: str, progress: HotJob) -> None:
        name = manifests[job_id].source.name
        failed = progress.counts.failed
        bars.show(job_id, name, Progressed(progress.total, progress.done, failed))

    for job_id, done in follow(follower, manifests, show, deadline):
        bars.end(job_id)
        yield job_id, done


def _ended(connections: Connections, word: str, manifest: Manifest, done: Done) -> Outcome:
    key = object_keys.document(manifest.job_id, MARKDOWN.suffix)
    where = f"{connections.store.url.rstrip('/')}/{key}"
    return outcome.ended(word, manifest, done, where, connections.jobs)


def _tell(told: Outcome, as_json: bool, codes: list[ExitCode], bars: Bars | None = None) -> None:
    bars = bars or Bars(quiet=True)
    codes.append(told.exit_code)
    if as_json:
        bars.out(told.as_json())
    if told.markdown is None:
        bars.say(told.as_text())
    elif not as_json:
        bars.out(told.as_text())
