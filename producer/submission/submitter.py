"""Finds or makes the job of an input."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from producer.intake.input import Input
from producer.intake.opener import Intake
from producer.submission.job_spec import JobSpec, opened_spec
from producer.submission.reopening import reopen, resume
from producer.submission.request import Request
from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import NotADocument
from shared.domain.job_ids import JobIdentity, next_id
from shared.domain.page_ranges import count
from shared.domain.records.job import Done, Manifest
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.creation import create_job
from shared.jobs.job_store import JobStore
from shared.jobs.purging import STALLED_S, end_purge, is_half_purged, purge_rest
from shared.jobs.submissions import mark_due, record_submission
from shared.telemetry.tracing import now_ns

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

Kind = Literal["new", "resumed", "finished"]


@dataclass(frozen=True)
class Submission:
    """The job of one input: a new one, an unfinished one that was resumed, or a finished one."""

    kind: Kind
    input: Input
    manifest: Manifest
    done: Done | None = None

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self.manifest.job_id

    @property
    def pages(self) -> int:
        """Number of selected pages."""
        return count(self.manifest.page_ranges)


class Submitter:
    """Submits inputs; thread-safe."""

    def __init__(
        self,
        intake: Intake,
        jobs: JobStore,
        dispatch_state: DispatchState,
        dispatcher: "Dispatcher",
        stalled_purge_s: float = STALLED_S,
    ) -> None:
        self._intake = intake
        self._jobs = jobs
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher
        self._stalled_purge_s = stalled_purge_s

    def submit(self, input_: Input, request: Request) -> Submission:
        """The job for this input; raises DocumentError, StoreUnreachable, BrokerUnreachable."""
        with opened_spec(self._intake, input_, request) as spec:
            first = spec.identity.first_id(self._dispatch_state.workers.level())
            last, answering = self._newest_ids(spec.identity, first)
            if answering is not None and not spec.request.force:
                submission = self._existing_job(spec, answering)
                if submission is not None:
                    return submission
                last, _ = self._newest_ids(spec.identity, first)
            return self._new_job(spec, next_id(first, last))

    def resume_forgotten(self, manifest: Manifest) -> None:
        """Open an unfinished job of which the broker does not know, such as a new broker."""
        job_id = manifest.job_id
        if self._dispatch_state.jobs.state(job_id) is None and self._jobs.done(job_id) is None:
            resume(manifest, self._jobs, self._dispatch_state, self._dispatcher)

    def _existing_job(self, spec: JobSpec, job_id: str) -> Submission | None:
        """The answer of a job that exists; None where it was purged meanwhile."""
        manifest = self._jobs.manifest(job_id)
        if manifest is None or not self._join(spec, manifest):
            return None
        submission = self._answer(spec, manifest)
        if submission.done is not None:
            self._notify(spec, manifest)
        return replace(submission, manifest=spec.submission.apply(manifest))

    def _join(self, spec: JobSpec, manifest: Manifest) -> bool:
        """Record this submission beside the job's first; False where the job was purged."""
        if spec.submission == SubmissionRecord.of(manifest):
            return True
        record_submission(self._jobs, manifest.job_id, spec.submission)
        if self._jobs.manifest(manifest.job_id) is not None:
            return True
        purge_rest(self._jobs, manifest.job_id)  # the purge may have missed the record
        return False

    def _notify(self, spec: JobSpec, manifest: Manifest) -> None:
        """Make the webhook of this submission due, where another one created the job."""
        if spec.submission.webhook and spec.submission != SubmissionRecord.of(manifest):
            mark_due(self._jobs, manifest.job_id, spec.submission.digest)

    def _answer(self, spec: JobSpec, manifest: Manifest) -> Submission:
        """Resume the job unless it has ended in a way that the request accepts."""
        done = self._jobs.done(manifest.job_id)
        if done is None:
            return self._resume(spec, manifest)
        run_again = spec.request.retry_failed and done.counts.failed
        if done.status != "cancelled" and not run_again:
            return Submission("finished", spec.input, manifest, done)
        reopen(manifest, self._jobs, self._dispatch_state)
        return self._resume(spec, manifest)

    def _resume(self, spec: JobSpec, manifest: Manifest) -> Submission:
        resume(manifest, self._jobs, self._dispatch_state, self._dispatcher)
        return Submission("resumed", spec.input, manifest)

    def _new_job(self, spec: JobSpec, job_id: str) -> Submission:
        # Dated by the broker's clock, because retention goes by it and this machine's may be wrong.
        created = round(self._dispatch_state.of(job_id).now(), 3)
        return self._create(spec, spec.manifest(job_id, created))

    def _newest_ids(self, identity: JobIdentity, first: str) -> tuple[str | None, str | None]:
        """The last id of the series of ``first``, and the newest job of exactly this identity.

        Finishes a purge of that job that is under way.
        """
        while True:
            ids = (identity.legacy_job_id, identity.job_id)
            series = {each: list(self._jobs.series(each)) for each in ids}
            newest = _newest_match(identity, series.values())
            if newest is None or not is_half_purged(self._jobs, newest):
                return (series[first][-1].job_id if series[first] else None), newest
            end_purge(self._jobs, newest, self._stalled_purge_s)
            self._dispatch_state.jobs.forget(newest)

    def _create(self, spec: JobSpec, manifest: Manifest) -> Submission:
        started = now_ns()
        if not create_job(
            manifest,
            spec.source_file,
            self._jobs,
            self._dispatch_state,
            self._dispatcher,
            self._stalled_purge_s,
        ):
            return self._concurrent_job(spec, manifest)
        submission = Submission("new", spec.input, manifest)
        self._dispatcher.tracing.submitted(manifest.job_id, started, submission.pages)
        return submission

    def _concurrent_job(self, spec: JobSpec, manifest: Manifest) -> Submission:
        """The job that is stored under this id; raises NotADocument if of another document."""
        stored = self._jobs.manifest(manifest.job_id) or manifest
        if not spec.identity.matches(stored):
            reason = "another document was submitted under its job id at the same time"
            raise NotADocument(f"{reason}; submit it again")
        self._join(spec, stored)
        submission = self._resume(spec, stored)
        # It may have ended before this submission was recorded.
        if self._jobs.done(stored.job_id) is not None:
            self._notify(spec, stored)
        return replace(submission, manifest=spec.submission.apply(stored))


def _newest_match(identity: JobIdentity, series: Iterable[list[Manifest]]) -> str | None:
    """The id of the newest job of exactly this content and these options."""
    last: list[Manifest] = []
    for each in series:
        last += [manifest for manifest in each if identity.matches(manifest)][-1:]
    # During an upgrade jobs are added to both series.
    return max(last, key=lambda manifest: manifest.created).job_id if last else None
