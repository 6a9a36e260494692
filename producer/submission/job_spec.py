"""Everything that one job is created from: an input, its opened document and its options."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from producer.intake.document import OpenedDocument
from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.submission.page_options import page_options
from producer.submission.request import Request
from shared.domain import object_keys
from shared.domain.job_ids import JobIdentity
from shared.domain.page_ranges import expand, selected
from shared.domain.records.job import Manifest, Source
from shared.domain.records.options import PageOptions
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.creation import SourceFile


@dataclass(frozen=True)
class JobSpec:
    """One input on its way to a job; the document's file exists only while it is open."""

    input: Input
    #: The request of the command with the overrides of this input.
    request: Request
    document: OpenedDocument
    options: PageOptions

    @property
    def identity(self) -> JobIdentity:
        """What a job must have in common with this input to answer for it."""
        return JobIdentity(self.document.sha256, self.options)

    @property
    def submission(self) -> SubmissionRecord:
        """What this submission asks for beside the pages."""
        request = self.request
        return SubmissionRecord(
            name=self.input.name, labels=request.labels, webhook=request.webhook
        )

    @property
    def source_file(self) -> SourceFile:
        """What is stored as the source of a new job."""
        return SourceFile(self.document.path, self.document.etag)

    @property
    def pages(self) -> list[int]:
        """The selected pages, 1-based and sorted."""
        return list(expand(selected(self.options.pages, self.document.page_count)))

    def manifest(self, job_id: str, created: float) -> Manifest:
        """The manifest of the job; ``created`` is in seconds since the epoch."""
        input_, request, document = self.input, self.request, self.document
        return Manifest(
            job_id=job_id,
            source=Source(
                name=input_.name,
                key=object_keys.source_name(document.kind),
                bytes=document.bytes,
                uri=input_.word if input_.kind == "s3" else None,
            ),
            sha256=document.sha256,
            page_count=document.page_count,
            options=self.options,
            render=request.render,
            priority=request.priority,
            labels=request.labels,
            webhook=request.webhook,
            created=created,
        )


@contextmanager
def opened_spec(intake: Intake, input_: Input, request: Request) -> Iterator[JobSpec]:
    """Open the input and fix its page options; raises the input's problem or a DocumentError."""
    if input_.problem is not None:
        raise input_.problem
    own_request = request.for_input(input_)
    with intake.opened(input_, own_request.password) as document:
        yield JobSpec(input_, own_request, document, page_options(own_request, document.page_count))
