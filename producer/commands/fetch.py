"""``pagefleet fetch``: writes finished documents into a folder."""

from contextlib import closing
from typing import TYPE_CHECKING

from producer.commands.cli_options import FetchOptions
from producer.commands.outcome_printer import OutcomePrinter
from producer.connections import Connections
from producer.delivery.deliver import deliver
from producer.delivery.export import FinishedJob, open_page_files
from producer.delivery.export_packages import check_packages
from producer.delivery.outcome import Outcome, refused
from producer.delivery.output_names import OutputNames
from producer.intake.labels import parse_labels
from producer.status.find_jobs import find_job
from producer.status.submissions import as_submitted_with
from shared.config.settings import load_settings
from shared.domain.errors import PagefleetError, UsageError

if TYPE_CHECKING:
    from producer.delivery.page_files import PageFiles


def fetch_jobs(options: FetchOptions) -> int:
    """Write every job that has ended; returns the worst exit code."""
    choice = options.export_choice()
    check_packages(choice)
    connections = Connections(load_settings())
    names = OutputNames(options.folder, choice, overwrite=options.overwrite)
    printer = OutcomePrinter(options.as_json)
    with closing(names), open_page_files(connections.settings, choice) as page_files:
        for job_id in options.jobs:
            try:
                outcome = _fetch(connections, job_id, names, options, page_files)
            except PagefleetError as error:
                outcome = refused(job_id, error)
            printer.print(outcome)
    return printer.exit_code


def _fetch(
    connections: Connections,
    job_id: str,
    names: OutputNames,
    options: FetchOptions,
    page_files: "PageFiles | None",
) -> Outcome:
    jobs = connections.jobs
    manifest = find_job(jobs, job_id)
    done = jobs.done(job_id)
    if done is None:
        raise UsageError(f"job {job_id} has not ended: pagefleet wait {job_id}")
    labels = parse_labels(options.labels)
    if labels:
        manifest = as_submitted_with(jobs, manifest, labels, "fetch")
    render = options.render_options(manifest.render)
    job = FinishedJob(jobs, manifest, render, names.choice, page_files)
    stem = names.stems.take(manifest.source.name)
    return deliver(job_id, job, done, names, stem, options.min_quality)
