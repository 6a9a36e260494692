"""All submissions of stored jobs: several people may submit the same document."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from shared.console.entry_point import print_message
from shared.console.printable import printable
from shared.domain.errors import DocumentError, UsageError
from shared.domain.records.job import Manifest
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore
from shared.jobs.submissions import later_submissions

#: Later submissions of one job that a command reads.
MAX_SUBMISSIONS = 1000
#: Further names that a line of text shows.
_MAX_NAMES = 3
Submissions = tuple[SubmissionRecord, ...]


def submissions(jobs: JobStore, manifest: Manifest) -> Submissions:
    """The first submission, then the later ones in a stable order."""
    return SubmissionRecord.of(manifest), *_later(jobs, manifest)


def has_labels(jobs: JobStore, manifest: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether one submission of the job has all ``labels``."""
    if labels.items() <= manifest.labels.items():
        return True
    return any(labels.items() <= each.labels.items() for each in _later(jobs, manifest))


def as_submitted_with(
    jobs: JobStore, manifest: Manifest, labels: Mapping[str, str], command: str
) -> Manifest:
    """The manifest with the name and labels of the submission that has all ``labels``.

    Raises UsageError where none has them.
    """
    for each in submissions(jobs, manifest):
        if labels.items() <= each.labels.items():
            return each.apply(manifest)
    raise UsageError(
        f"no submission of job {manifest.job_id} has these labels; "
        f"leave out --label of {command}, or see: pagefleet list --json"
    )


def as_plain(submitted: Submissions) -> list[dict[str, Any]]:
    """JSON-ready names and labels, each pair once. Webhook addresses may hold secrets."""
    pairs: list[dict[str, Any]] = []
    for each in submitted:
        pair = {"name": each.name, "labels": each.labels}
        if pair not in pairs:
            pairs.append(pair)
    return pairs


def names(submitted: Submissions) -> list[str]:
    """The distinct names of the document, the first submission's first."""
    return list(dict.fromkeys(each.name for each in submitted))


def names_as_text(submitted: Submissions) -> str:
    """The names for one line of a terminal: ``a.pdf (also b.pdf, c.pdf)``."""
    first, *others = map(printable, names(submitted))
    shown = others[:_MAX_NAMES]
    if len(others) > len(shown):
        shown.append(f"{len(others) - len(shown)} more")
    return f"{first} (also {', '.join(shown)})" if shown else first


def _later(jobs: JobStore, manifest: Manifest) -> Iterator[SubmissionRecord]:
    """The later submissions; prints a warning for one that can't be read."""
    for read in islice(later_submissions(jobs, manifest.job_id), MAX_SUBMISSIONS):
        try:
            record = read()
        except DocumentError as error:
            print_message(f"warning: {error.message}")
        else:
            if record is not None:
                yield record
