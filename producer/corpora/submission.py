"""Submits the documents of a collection; those that it knows are not read again."""

from dataclasses import dataclass
from typing import Literal

from producer.corpora.journal import Journal, shortened
from producer.corpora.stamps import Stamps, document_key
from producer.intake.input import Input
from producer.submission.request import Request
from producer.submission.submitter import Submission, Submitter
from shared.domain import object_keys
from shared.domain.collections.records import Member
from shared.domain.errors import PagefleetError, TransientError
from shared.jobs.collections.end_log import end_of
from shared.jobs.job_store import JobStore


@dataclass(frozen=True)
class KnownDocument:
    """A document that an earlier command submitted, unchanged since then."""

    input: Input
    job_id: str
    pages: int
    kind: Literal["known"] = "known"


class CollectionSubmitter:
    """Submits inputs of one command into one collection; thread-safe."""

    def __init__(
        self, submitter: Submitter, request: Request, journal: Journal, jobs: JobStore
    ) -> None:
        self._submitter = submitter
        self._request = request
        self._journal = journal
        self._jobs = jobs
        self._stamps = Stamps(request)
        self._reads_again = request.force or request.retry_failed
        #: What is to be written down of inputs that are submitted and not yet recorded.
        self._members: dict[int, Member] = {}

    def submit(self, input_: Input) -> Submission | KnownDocument:
        """The job of this input; raises like Submitter. Call ``record`` afterwards."""
        key, stamp = document_key(input_), None
        try:
            stamp = self._stamps.of(input_) if input_.problem is None else None
            known = self._known(key, stamp)
            if known is not None and known.job_id is not None:
                return KnownDocument(input_, known.job_id, known.pages)
            submission = self._submitter.submit(input_, self._request)
        except TransientError:
            raise  # the document is not at fault: the same command submits it later
        except Exception as error:
            self._members[id(input_)] = _refused(input_, key, stamp, error)
            raise
        self._members[id(input_)] = _accepted(submission, key, stamp)
        self._report_end(submission)
        return submission

    def record(self, input_: Input) -> None:
        """Write down the result of an input; in the order of calls, for a stable order."""
        member = self._members.pop(id(input_), None)
        if member is not None:
            self._journal.add(member)

    def record_rest(self) -> None:
        """Write down the inputs that were submitted and whose turn did not come."""
        while self._members:
            self._journal.add(self._members.pop(next(iter(self._members))))

    def _known(self, key: str, stamp: str | None) -> Member | None:
        if stamp is None or self._reads_again:
            return None
        known = self._journal.find(key)
        if known is None or known.stamp != stamp or known.job_id is None:
            return None
        # The job may have been purged since then.
        is_there = self._jobs.store.exists(object_keys.manifest(known.job_id))
        return known if is_there else None

    def _report_end(self, submission: Submission) -> None:
        """Tell the collection of a job that had ended before."""
        if submission.done is not None:
            end = end_of(submission.manifest.job_id, submission.done, None)
            self._jobs.ends.add([self._request.labels], end)


def _accepted(submission: Submission, key: str, stamp: str | None) -> Member:
    input_, job_id = submission.input, submission.manifest.job_id
    address, name = shortened(input_.address), shortened(input_.name)
    return Member(key, address, name, stamp, job_id, submission.pages, None, None)


def _refused(input_: Input, key: str, stamp: str | None, error: Exception) -> Member:
    cause = error if isinstance(error, PagefleetError) else PagefleetError(type(error).__name__)
    address, name = shortened(input_.address), shortened(input_.name)
    return Member(key, address, name, stamp, None, 0, cause.code, shortened(cause.message))
