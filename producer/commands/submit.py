"""``pagefleet submit``: queues documents and, with --wait, waits for their jobs."""

from collections import defaultdict
from collections.abc import Iterator

from producer.commands.cli_options import SubmitOptions
from producer.commands.dry_run import estimate
from producer.commands.outcome_printer import OutcomePrinter
from producer.commands.wait import follow_with_bars, stored_outcome
from producer.connections import Connections, pool_warning
from producer.delivery.outcome import refused
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.status.progress_bars import Bars
from producer.submission.pool_choice import FleetPools, no_fleet
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.console.entry_point import print_message
from shared.console.printable import json_line
from shared.domain.errors import ExitCode, PagefleetError, TransientError, UsageError

#: After this many inputs in a row failed by an outage, the others are refused without a try.
MAX_OUTAGES = 2


def submit_documents(options: SubmitOptions) -> int:
    """Submit every input; returns the worst exit code."""
    if options.min_quality is not None and not options.wait:
        raise UsageError("--min-quality looks at jobs that have ended; add --wait")
    _warn_of_worker_options(options)
    settings = options.settings()
    connections = Connections(settings)
    dispatch_state = (
        connections.dispatch_state_or_none() if options.dry_run else connections.dispatch_state
    )
    pools = FleetPools(dispatch_state) if dispatch_state else no_fleet
    request = options.request(settings, pools)
    inputs = options.expanded(settings)
    request.check_all(inputs)
    with Intake(settings) as intake:
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
    inputs: list[Input],
    request: Request,
    options: SubmitOptions,
) -> ExitCode:
    submitter = Submitter(
        intake, connections.jobs, connections.dispatch_state, connections.dispatcher
    )
    printer = OutcomePrinter(options.as_json)
    submissions: list[Submission] = []
    for input_, result in _submit_each(submitter, inputs, request):
        if isinstance(result, Exception):
            printer.print(refused(input_.word, result))
            continue
        submissions.append(result)
        if not options.wait:
            _print_submission(result, options.as_json)
    _warn_of_missing_workers(connections, submissions)
    if options.wait:
        _wait(connections, submissions, printer, options.min_quality)
    return printer.exit_code


def _submit_each(
    submitter: Submitter, inputs: list[Input], request: Request
) -> Iterator[tuple[Input, Submission | Exception]]:
    """The submission or error of each input; stops trying after ``MAX_OUTAGES`` in a row."""
    outages: list[PagefleetError] = []
    for input_ in inputs:
        if len(outages) >= MAX_OUTAGES:
            yield input_, outages[-1]
            continue
        try:
            yield input_, submitter.submit(input_, request)
            outages.clear()
        except TransientError as error:
            outages.append(error)
            yield input_, error
        except Exception as error:  # any failure of one input must not stop the others
            yield input_, error


def _warn_of_missing_workers(connections: Connections, submissions: list[Submission]) -> None:
    pools = {each.manifest.options.pool for each in submissions if each.done is None}
    for pool in sorted(pools, key=str):
        warning = pool_warning(connections.dispatch_state, pool)
        if warning:
            print_message(warning)


def _print_submission(submission: Submission, as_json: bool) -> None:
    job_id = submission.manifest.job_id
    if not as_json:
        print(job_id, flush=True)
        return
    line = {
        "input": submission.input.word,
        "job_id": job_id,
        "state": submission.kind,
        "pages": submission.pages,
        "error": None,
    }
    print(json_line(line), flush=True)


def _wait(
    connections: Connections,
    submissions: list[Submission],
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
