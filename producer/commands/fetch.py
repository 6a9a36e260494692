"""``pagefleet fetch``: writes finished documents into a folder."""

from producer.commands.cli_options import FetchOptions
from producer.commands.outcome_printer import OutcomePrinter
from producer.connections import Connections
from producer.delivery.deliver import deliver
from producer.delivery.export import FinishedJob
from producer.delivery.outcome import Outcome, refused
from producer.delivery.output_names import OutputNames
from producer.delivery.stems import Stems
from producer.intake.labels import parse_labels
from producer.status.find_jobs import find_job
from producer.status.submissions import as_submitted_with
from shared.config.settings import load_settings
from shared.domain.errors import PagefleetError, UsageError


def fetch_jobs(options: FetchOptions) -> int:
    """Write every job that has ended; returns the worst exit code."""
    connections = Connections(load_settings())
    names = OutputNames(options.folder, Stems(), overwrite=options.overwrite)
    printer = OutcomePrinter(options.as_json)
    for job_id in options.jobs:
        try:
            outcome = _fetch(connections, job_id, names, options)
        except PagefleetError as error:
            outcome = refused(job_id, error)
        printer.print(outcome)
    return printer.exit_code


def _fetch(
    connections: Connections, job_id: str, names: OutputNames, options: FetchOptions
) -> Outcome:
    jobs = connections.jobs
    manifest = find_job(jobs, job_id)
    done = jobs.done(job_id)
    if done is None:
        raise UsageError(f"job {job_id} has not ended: pagefleet wait {job_id}")
    labels = parse_labels(options.labels)
    if labels:
        manifest = as_submitted_with(jobs, manifest, labels, "fetch")
    job = FinishedJob(jobs, manifest, options.render_options(manifest.render))
    stem = names.stems.take(manifest.source.name)
    return deliver(job_id, job, done, names, stem, options.min_quality)
