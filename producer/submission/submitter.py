"""Makes a job of a document: the store first, the queue last."""

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from producer.intake.inputs import Input
from producer.intake.opener import Intake, Opened
from producer.submission.reopening import reopen, take_up
from producer.submission.request import Request
from shared.broker.dispatch_state import DispatchState
from shared.domain import object_keys
from shared.domain.errors import NotADocument
from shared.domain.job_ids import job_id as identify
from shared.domain.job_ids import next_id
from shared.domain.page_ranges import count
from shared.domain.records import Done, Manifest, Source, to_json
from shared.jobs.activation import open_job
from shared.jobs.job_store import JobStore, selected
from shared.jobs.purging import end_purge, is_half_purged, purge_rest
from shared.telemetry.tracing import now_ns

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

#: Times that a job is written because a purge that was slow took something of it.
CREATE_TRIES = 5
Kind = Literal["new", "resumed", "finished"]


@dataclass(frozen=True)
class Submission:
    """A job that was made, taken up again, or found finished."""

    kind: Kind
    manifest: Manifest
    done: Done | None = None
    #: The job was there and keeps its labels, which are not all of those asked for now.
    other_labels: bool = False

    @property
    def pages(self) -> int:
        """How many pages the job is about."""
        return count(selected(self.manifest))

    def warning(self, name: str) -> str | None:
        """A line for the person who named the document ``name``."""
        if not self.other_labels:
            return None
        return (
            f"warning: {name}: job {self.manifest.job_id} was there already and keeps its labels; "
            "--force makes a new one"
        )


class Submitter:
    """Takes documents in; used by several threads."""

    def __init__(
        self,
        intake: Intake,
        jobs: JobStore,
        dispatch_state: DispatchState,
        dispatcher: "Dispatcher",
    ) -> None:
        self._intake = intake
        self._jobs = jobs
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher

    def submit(self, item: Input, request: Request) -> Submission:
        """The job for this input; raises DocumentError, StoreUnreachable, BrokerUnreachable."""
        if item.problem is not None:
            raise item.problem
        asked = request.for_document(item.overrides)
        with self._intake.opened(item, asked.password) as opened:
            return self._submit(item, opened, asked)

    def _submit(self, item: Input, opened: Opened, request: Request) -> Submission:
        document = opened.inspection
        options = request.page_options(document.page_count)
        base = identify(document.sha256, options)
        newest = self._newest(base)
        if newest is not None and not request.force:
            found = self._known(newest, request)
            if found is not None:
                asked = request.labels.items()
                return replace(found, other_labels=not asked <= found.manifest.labels.items())
            newest = self._newest(base)
        manifest = Manifest(
            job_id=next_id(base, newest),
            source=Source(
                name=item.name,
                key=object_keys.source_name(document.kind),
                bytes=document.bytes,
                uri=item.word if item.kind == "s3" else None,
            ),
            sha256=document.sha256,
            page_count=document.page_count,
            options=options,
            render=request.render,
            priority=request.priority,
            labels=request.labels,
            webhook=request.webhook,
            # Retention goes by it, and this machine's clock may be years behind.
            created=round(self._dispatch_state.now(), 3),
        )
        return self._create(manifest, opened)

    def _newest(self, base: str) -> str | None:
        """The newest job of this identity; a purge that is at it comes to its end first."""
        while (newest := self._jobs.newest(base)) and is_half_purged(self._jobs, newest):
            self._end_purge(newest)
        return newest

    def _end_purge(self, job_id: str) -> None:
        end_purge(self._jobs, job_id)
        self._dispatch_state.jobs.forget(job_id)

    def _create(self, manifest: Manifest, opened: Opened) -> Submission:
        """Source, marker, manifest, dispatch: a crash leaves nothing that looks like a job."""
        job_id, started, fresh = manifest.job_id, now_ns(), True
        for _ in range(CREATE_TRIES):
            if not self._write(manifest, opened):
                # Somebody submitted the same at the same time: theirs is the job.
                return self._resume(self._jobs.manifest(job_id) or manifest)
            open_job(manifest, self._jobs, self._dispatch_state, self._dispatcher, fresh=fresh)
            if self._stands(manifest):
                break
            fresh = False
        made = Submission("new", manifest)
        self._dispatcher.tracing.submitted(job_id, started, made.pages)
        return made

    def _write(self, manifest: Manifest, opened: Opened) -> bool:
        """Put the job into the store; False where it is there already."""
        job_id = manifest.job_id
        if is_half_purged(self._jobs, job_id):
            end_purge(self._jobs, job_id)
        elif self._jobs.done(job_id) is not None and self._jobs.manifest(job_id) is None:
            purge_rest(self._jobs, job_id)  # one died that found no room for its marker
        # Before the source too: by its marker the sweeper finds a source that got no manifest.
        self._jobs.mark_open(job_id, time.time())
        # A purged job of the same content may have left word of its end.
        self._dispatch_state.jobs.forget(job_id)
        self._store_source(manifest, opened)
        self._jobs.mark_open(job_id, time.time())
        return self._jobs.store.put_new(object_keys.manifest(job_id), to_json(manifest))

    def _stands(self, manifest: Manifest) -> bool:
        """Whether no purge that was slow took the new job; one that goes on is stopped."""
        job_id = manifest.job_id
        unmarked = self._jobs.marker(job_id) is None and self._jobs.done(job_id) is None
        if unmarked or self._jobs.is_purging(job_id):
            self._jobs.mark_open(job_id, time.time())
        source = object_keys.source(job_id, manifest.source.key)
        return self._jobs.store.exists(source) and self._jobs.manifest(job_id) is not None

    def _store_source(self, manifest: Manifest, opened: Opened) -> None:
        store, uri = self._jobs.store, manifest.source.uri
        key = object_keys.source(manifest.job_id, manifest.source.key)
        if uri and opened.etag and store.copy_from(uri, key, opened.etag):
            return
        try:
            store.put_file(key, opened.inspection.path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise NotADocument(f"the document can't be read any more: {reason}") from None

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
        reopen(manifest, self._jobs, self._dispatch_state)
        return self._resume(manifest)

    def _resume(self, manifest: Manifest) -> Submission:
        take_up(manifest, self._jobs, self._dispatch_state, self._dispatcher)
        return Submission("resumed", manifest)
