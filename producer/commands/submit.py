"""``pagefleet submit``: queues documents and, with --wait, waits for their jobs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from producer.commands.cli_options import SubmitOptions
from producer.commands.dry_run import estimate
from producer.commands.outcome_printer import OutcomePrinter
from producer.commands.wait import follow_with_bars, stored_outcome
from producer.connections import Connections, pool_warning, quota_note
from producer.corpora.opening import open_collection
from producer.corpora.submission import KnownDocument
from producer.corpora.submitted import Submitted
from producer.delivery.outcome import refused
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.status.progress_bars import Bars
from producer.submission.bulk import MAX_OUTAGES, PROCESSES, submit_each
from producer.submission.pool_choice import FleetPools, no_fleet
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.console.entry_point import print_message
from shared.console.printable import json_line
from shared.domain.errors import ExitCode, TransientError, UsageError
from shared.domain.pools import Pool

Result = Submission | KnownDocument
Submit = Callable[[Input], Result]


def submit_documents(options: SubmitOptions) -> int:
    """Submit every input; returns the worst exit code."""
    if options.min_quality is not None and not options.wait:
        raise UsageError("--min-quality looks at jobs that have ended; add --wait")
    if options.wait and options.collection is not None:
        raise UsageError(
            "--wait follows each job and a collection may have many; leave it out and use: "
            f"pagefleet status --collection {options.collection}"
        )
    _warn_of_worker_options(options)
    settings = options.settings()
    connections = Connections(settings)
    dispatch_state = (
        connections.dispatch_state_or_none() if options.dry_run else connections.dispatch_state
    )
    pools = FleetPools(dispatch_state) if dispatch_state else no_fleet
    request = options.request(settings, pools)
    inputs = request.checked(options.expanded(settings))
    with Intake(settings, PROCESSES) as intake:
        if options.dry_run:
            return estimate(intake, inputs, request, options.as_json)
        return _submit_all(connections, intake, inputs, request, options)


def _warn_of_worker_options(options: SubmitOptions) -> None:
    """Only workers obey these options, and this command starts none."""
    values = {"--engine-url": options.engine_url, "--concurrency": options.max_concurrency}
    given = [flag for flag, value in values.items() if value is not None]
    if given:
        print_message(f"warning: {' and '.join(given)}: no effect here; set it at the workers")


def _submit_all(
    connections: Connections,
    intake: Intake,
    inputs: Iterable[Input],
    request: Request,
    options: SubmitOptions,
) -> ExitCode:
    submitter = Submitter(
        intake, connections.jobs, connections.dispatch_state, connections.dispatcher
    )
    printer = OutcomePrinter(options.as_json)
    submitted = Submitted(keeps=options.wait)
    is_long = options.manifest is not None or options.collection is not None
    with ExitStack() as stack:
        bars = stack.enter_context(Bars(quiet=not is_long, by_document=False))
        submit: Submit = partial(submitter.submit, request=request)
        collection = None
        if options.collection is not None:
            collection = stack.enter_context(
                open_collection(connections.jobs, options.collection, submitter, request)
            )
            submit = collection.submit
        stack.enter_context(_interrupts(options))
        for input_, result in stack.enter_context(closing(submit_each(submit, inputs))):
            submitted.add(result)
            if collection is not None:
                collection.record(input_)
            _print_result(input_, result, printer, bars, options)
            bars.note(submitted.as_text())
            if collection is not None and submitted.outages >= MAX_OUTAGES:
                raise _stopped(result)
    _warn_of_waiting(connections, submitted.pools, request)
    if options.wait:
        _wait(connections, submitted.kept, printer, options.min_quality)
    return printer.exit_code


@contextmanager
def _interrupts(options: SubmitOptions) -> Iterator[None]:
    """Say how to go on after an interrupt, where a journal knows it."""
    try:
        yield
    except KeyboardInterrupt:
        if options.collection is not None:
            print_message("interrupted; the same command continues where this one stopped")
        raise


def _print_result(
    input_: Input,
    result: Result | Exception,
    printer: OutcomePrinter,
    bars: Bars,
    options: SubmitOptions,
) -> None:
    if isinstance(result, Exception):
        printer.print(refused(input_.word, result), bars)
    elif not options.wait:
        _print_submission(result, bars, options.as_json)


def _stopped(error: object) -> Exception:
    """The error that ends a submission into a collection: its journal knows where to go on."""
    assert isinstance(error, TransientError)
    reason = f"{error.message}; the same command continues where this one stopped"
    return type(error)(reason)


def _warn_of_waiting(connections: Connections, pools: Iterable[Pool], request: Request) -> None:
    """Say which pages wait for workers, or for a quota."""
    state, tenant = connections.dispatch_state, connections.settings.tenant(request.labels)
    for pool in sorted(pools, key=str):
        for warning in (pool_warning(state, pool), quota_note(state, pool, tenant)):
            if warning:
                print_message(warning)


def _print_submission(submission: Result, bars: Bars, as_json: bool) -> None:
    if not as_json:
        bars.out(submission.job_id)
        return
    line = {
        "input": submission.input.word,
        "job_id": submission.job_id,
        "state": submission.kind,
        "pages": submission.pages,
        "error": None,
    }
    bars.out(json_line(line))


def _wait(
    connections: Connections,
    submissions: Iterable[Submission],
    printer: OutcomePrinter,
    min_quality: float | None,
) -> None:
    """Print one outcome per input; several inputs may be the same job."""
    words: dict[str, list[str]] = defaultdict(list)
    manifests = {}
    for submission in submissions:
        words[submission.manifest.job_id].append(submission.input.word)
        manifests[submission.manifest.job_id] = submission.manifest
    with Bars() as bars:
        for job_id, done in follow_with_bars(connections, manifests, None, bars):
            for word in words[job_id]:
                manifest = manifests[job_id]
                outcome = stored_outcome(connections, word, manifest, done, min_quality)
                printer.print(outcome, bars)
