"""``pagefleet report``: writes an HTML page about one job."""

from pathlib import Path

from producer.connections import Connections
from producer.intake.labels import parse_labels
from producer.report.selection import worst_line
from producer.report.writing import ReportOptions, report_job
from producer.status.find_jobs import find_job
from producer.status.submissions import Submissions, as_submitted_with, submissions
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import printable
from shared.domain.errors import ExitCode
from shared.domain.records.job import Manifest
from shared.jobs.job_store import JobStore


def write_job_report(
    job_id: str, output: Path, label_words: tuple[str, ...], options: ReportOptions
) -> int:
    """Write the report to ``output``; print where its page images are, and its worst pages.

    With labels, the report names only the submission that has all of them.
    """
    connections = Connections(load_settings())
    labels = parse_labels(label_words)
    manifest, submitted = _manifest_and_submissions(connections.jobs, job_id, labels)
    written = report_job(connections, manifest, output, submitted, options)
    for page in written.pages if options.worst is not None else ():
        print(printable(worst_line(page)), flush=True)
    images = written.folder
    print_message(f"wrote {output}" + (f", with its page images in {images}" if images else ""))
    return ExitCode.OK


def _manifest_and_submissions(
    jobs: JobStore, job_id: str, labels: dict[str, str]
) -> tuple[Manifest, Submissions]:
    """The manifest, and the submissions that the report names.

    With labels, the manifest has the name of one submission and no other one is named.
    """
    manifest = find_job(jobs, job_id)
    if labels:
        return as_submitted_with(jobs, manifest, labels, "report"), ()
    return manifest, submissions(jobs, manifest)
