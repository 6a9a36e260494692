"""Later submissions of a job that existed already, and the webhooks that they ask for."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial

from shared.domain import object_keys
from shared.domain.errors import DocumentError
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore

#: Far above what names, labels and an address need.
MAX_RECORD_BYTES = 256 * 1024


def record_submission(jobs: JobStore, job_id: str, submission: SubmissionRecord) -> None:
    """Store a submission; the reducer finds it when the job ends."""
    jobs.store.put_new(object_keys.submission(job_id, submission.digest), to_json(submission))


def later_submissions(
    jobs: JobStore, job_id: str
) -> Iterator[Callable[[], SubmissionRecord | None]]:
    """A reader for each later submission, in the order of their keys.

    A reader returns None where the record was removed, and raises CorruptDocument or TooLarge
    for one that is not valid.
    """
    for key in jobs.store.list(object_keys.submissions(job_id)):
        if object_keys.parse_submission_key(key) is not None:
            yield partial(jobs.read, key, SubmissionRecord, MAX_RECORD_BYTES)


def mark_due(jobs: JobStore, job_id: str, digest: str) -> None:
    """Record that the webhook of a submission is due, because its job has ended."""
    jobs.store.put(object_keys.notify_marker(job_id, digest), b"{}\n")


def mark_all_due(jobs: JobStore, job_id: str) -> list[str]:
    """Record that the webhooks of all later submissions are due; returns their digests.

    Call it after ``_DONE``: a submission that is recorded after this listing finds ``_DONE`` and
    marks itself.
    """
    listed = map(object_keys.parse_submission_key, jobs.store.list(object_keys.submissions(job_id)))
    digests = [digest for digest in listed if digest is not None]
    for digest in digests:
        mark_due(jobs, job_id, digest)
    return digests


def labels_of(jobs: JobStore, manifest: Manifest, later: Iterable[str]) -> Iterator[dict[str, str]]:
    """The labels of the first submission, then of those of ``later`` that can be read."""
    yield manifest.labels
    for digest in later:
        with suppress(DocumentError):
            key = object_keys.submission(manifest.job_id, digest)
            record = jobs.read(key, SubmissionRecord, MAX_RECORD_BYTES)
            yield record.labels if record is not None else {}
