"""Makes a job of a document: the store first, the queue last."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from producer.inputs import Input
from producer.inspection import Inspection
from producer.intake import DECRYPTED_NAME, Intake
from producer.request import Request
from shared import keys
from shared.dispatcher import Dispatcher
from shared.errors import PagefleetError, UsageError
from shared.identity import job_id as identify
from shared.identity import numbered
from shared.jobs import JobStore, selected
from shared.ledger import Ledger
from shared.opening import open_job
from shared.pages import count, expand
from shared.records import Done, Manifest, Source, to_json

Kind = Literal["new", "resumed", "finished"]


@dataclass(frozen=True)
class Submission:
    """A job that was made, taken up again, or found finished."""

    kind: Kind
    manifest: Manifest
    done: Done | None = None

    @property
    def pages(self) -> int:
        """How many pages the job is about."""
        return count(selected(self.manifest))


class Submitter:
    """Takes documents in; used by several threads."""

    def __init__(
        self, intake: Intake, jobs: JobStore, ledger: Ledger, dispatcher: Dispatcher
    ) -> None:
        self._intake = intake
        self._jobs = jobs
        self._ledger = ledger
        self._dispatcher = dispatcher

    def submit(self, item: Input, request: Request) -> Submission:
        """The job for this input; raises DocumentError, StoreUnreachable, BrokerUnreachable."""
        if item.problem is not None:
            raise item.problem
        asked = request.for_document(item.overrides)
        with self._intake.opened(item, asked.password) as document:
            return self._submit(item, document, asked)

    def _submit(self, item: Input, document: Inspection, request: Request) -> Submission:
        options = request.page_options(document.page_count)
        base = identify(document.sha256, options)
        newest = self._jobs.newest(base)
        if newest is not None and not request.force:
            found = self._known(newest, request)
            if found is not None:
                return found
        number = 1 if newest is None else self._number(newest, base) + 1
        source = Source(
            name=item.name,
            key=f"source.{document.kind}",
            bytes=document.bytes,
            uri=item.word if item.kind == "s3" else None,
        )
        manifest = Manifest(
            job_id=numbered(base, number),
            source=source,
            sha256=document.sha256,
            page_count=document.page_count,
            options=options,
            render=request.render,
            priority=request.priority,
            labels=request.labels,
            webhook=request.webhook,
            created=round(time.time(), 3),
        )
        return self._create(manifest, document)

    def _create(self, manifest: Manifest, document: Inspection) -> Submission:
        """Source, marker, manifest, dispatch: a crash leaves nothing that looks like a job."""
        job_id = manifest.job_id
        self._store_source(manifest, document)
        self._jobs.mark_open(job_id, manifest.created)
        if not self._jobs.store.put_new(keys.manifest(job_id), to_json(manifest)):
            # Somebody submitted the same at the same time: theirs is the job.
            return self._resume(self._jobs.manifest(job_id) or manifest)
        open_job(manifest, self._jobs, self._ledger, self._dispatcher, fresh=True)
        return Submission("new", manifest)

    def _store_source(self, manifest: Manifest, document: Inspection) -> None:
        key = keys.source(manifest.job_id, manifest.source.key)
        uri = manifest.source.uri
        as_it_was = uri is not None and document.path.name != DECRYPTED_NAME
        if not (as_it_was and uri and self._jobs.store.copy_from(uri, key)):
            self._jobs.store.put_file(key, document.path)

    def _known(self, job_id: str, request: Request) -> Submission | None:
        """The answer for a job that is there already, by its state."""
        manifest = self._jobs.manifest(job_id)
        if manifest is None:
            return None  # purged this moment
        done = self._jobs.done(job_id)
        if done is None:
            return self._resume(manifest)
        again = done.status == "cancelled" or (request.retry_failed and done.counts.failed)
        if not again:
            return Submission("finished", manifest, done)
        return self.reopen(manifest)

    def reopen(self, manifest: Manifest) -> Submission:
        """Run the failed and cancelled pages of an ended job again."""
        states = self._jobs.page_states(manifest.job_id)
        chosen = set(expand(selected(manifest)))
        self._jobs.reopen(manifest, sorted(states.failed & chosen))
        self._ledger.close_job(manifest.job_id)
        return self._resume(manifest)

    def _resume(self, manifest: Manifest) -> Submission:
        open_job(manifest, self._jobs, self._ledger, self._dispatcher)
        return Submission("resumed", manifest)

    @staticmethod
    def _number(newest: str, base: str) -> int:
        suffix = newest.removeprefix(base).lstrip("-")
        return int(suffix) if suffix else 1


def read_password(path: str | None) -> str | None:
    """The first line of a password file; raises UsageError."""
    if path is None:
        return None
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.readline(4096).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the password file {path}: {error}") from None


def refusal(error: PagefleetError) -> dict[str, str]:
    """An error as it stands in JSON output."""
    return {"code": error.code, "message": error.message}
