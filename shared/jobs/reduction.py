"""Writes the document of a job once every page has a result; ``_DONE`` is the commit.

It reads the results in the store and ignores the broker's counters. Reducing a job twice, or in two
processes at once, gives the same bytes and one commit. A reducer checks before writing that no
other has committed. A reducer that was paused re-checks its inputs after writing and rewrites if
they changed. Remaining window: it is paused between the check and the write while another commits,
and is then killed before it re-checks.
"""

from collections.abc import Mapping

from shared.document.assembly import Document, assemble
from shared.document.document_file import DocumentFile
from shared.document.outcome import was_cancelled
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.page_ranges import PageRange, expand, from_numbers
from shared.domain.records.base import to_json
from shared.domain.records.job import Done, Manifest
from shared.domain.records.page_result import PageResult
from shared.jobs.collections.end_log import end_of
from shared.jobs.job_store import NOTHING_HELD, JobStore, PageStates, missing_pages
from shared.jobs.submissions import labels_of, mark_all_due

#: Times that a document is rewritten because its pages changed meanwhile.
SETTLE_TRIES = 5


class PagesMissing(Exception):
    """Some pages have no result; ``ranges`` says which."""

    def __init__(self, ranges: tuple[PageRange, ...]) -> None:
        super().__init__(f"missing pages {ranges}")
        self.ranges = ranges


def reduce_job(
    jobs: JobStore,
    manifest: Manifest,
    *,
    cancelling: bool = False,
    held: Mapping[int, PageResult] = NOTHING_HELD,
) -> Done:
    """Merge the pages and commit.

    Only with ``cancelling`` do pages that were cancelled count as results. ``held`` are good
    results that this process has just stored; they and ``manifest`` may be of a job that was purged
    since. Raises PagesMissing where a result is missing, NotFound where the job was purged.
    """
    for number in range(SETTLE_TRIES):
        try:
            done, worker_s = _round(jobs, manifest, cancelling, held, again=number > 0)
        except PagesMissing:
            finished = None if number else jobs.done(manifest.job_id)
            if finished is None:
                raise
            done, worker_s = finished, None
        # What is held may be of an earlier job.
        held = NOTHING_HELD
        manifest = _current(jobs, manifest.job_id)
        if done is not None:
            _end(jobs, manifest, done, worker_s)
            return done
    raise PagesMissing(missing_pages(manifest, jobs.page_states(manifest.job_id)))


def _round(
    jobs: JobStore,
    manifest: Manifest,
    cancelling: bool,
    held: Mapping[int, PageResult],
    again: bool,
) -> tuple[Done | None, float | None]:
    """Write and commit; returns the worker seconds too, as far as they are known.

    There is no ``_DONE`` where the document became stale before the commit.
    That is: a page got a result meanwhile, "retry" deleted the failures, or the job was purged and
    submitted again.
    """
    job_id = manifest.job_id
    states = jobs.page_states(job_id)
    try:
        document = _read(jobs, manifest, states, cancelling, held)
    except NotFound:  # a result was deleted while it was read
        return (None if again else jobs.done(job_id)), None
    with document:
        # Another reducer may have committed while this process was paused. Its document must not
        # be overwritten, but stale text that this process wrote before must be.
        finished = None if again else jobs.done(job_id)
        if finished is not None:
            return finished, None
        for suffix, file in document.files.items():
            _store(jobs, object_keys.document(job_id, suffix), file)
    if _current(jobs, job_id) != manifest or _has_other_pages(jobs, job_id, states):
        return None, None
    done = Done(status=document.status, counts=document.counts)
    return _commit(jobs, manifest, done, states), document.worker_s


def _has_other_pages(jobs: JobStore, job_id: str, states: PageStates) -> bool:
    """Whether results changed; good ones stay as they are while their job exists."""
    return bool(states.failed) and jobs.page_states(job_id) != states


def _read(
    jobs: JobStore,
    manifest: Manifest,
    states: PageStates,
    cancelling: bool,
    held: Mapping[int, PageResult],
) -> Document:
    job_id = manifest.job_id
    missing = missing_pages(manifest, states)
    if missing:
        raise PagesMissing(missing)
    results = jobs.results(job_id, expand(manifest.page_ranges), states, held)
    document = assemble(manifest, results, manifest.render)
    if document.status == "cancelled" and not cancelling:
        document.close()
        failed = jobs.results(job_id, sorted(states.failed), states)
        raise PagesMissing(from_numbers(each.page for each in failed if was_cancelled(each)))
    return document


def _store(jobs: JobStore, key: str, file: DocumentFile) -> None:
    """Write one file of the document; a large one in parts."""
    if file.is_large:
        jobs.store.put_file(key, file.open(), file.sha256)
    else:
        jobs.store.put(key, file.data)


def _commit(jobs: JobStore, manifest: Manifest, done: Done, states: PageStates) -> Done | None:
    """Commit the document; None where its pages changed meanwhile."""
    job_id = manifest.job_id
    if manifest.webhook is not None:
        jobs.mark_notify(job_id)
    if not jobs.store.put_new(object_keys.done(job_id), to_json(done)):
        return jobs.done(job_id)
    now = jobs.page_states(job_id)
    if not states.marks <= now.marks or states.failed & now.have:
        # A failure was written again, its page was read after all, or the job was reopened.
        jobs.undo_done(manifest)
        return None
    return done


def _current(jobs: JobStore, job_id: str) -> Manifest:
    """The current manifest; raises NotFound."""
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise NotFound(f"job {job_id} was purged while its document was written")
    return manifest


def _end(jobs: JobStore, manifest: Manifest, done: Done, worker_s: float | None) -> None:
    """What follows the commit; the sweeper repeats it as long as the marker exists."""
    later = mark_all_due(jobs, manifest.job_id)
    jobs.ends.add(labels_of(jobs, manifest, later), end_of(manifest.job_id, done, worker_s))
    _unmark(jobs, manifest)


def _unmark(jobs: JobStore, manifest: Manifest) -> None:
    """Remove the marker, except that of a purge; written again where the job was reopened."""
    if jobs.is_purging(manifest.job_id):
        return
    jobs.unmark_open(manifest.job_id)
    if jobs.done(manifest.job_id) is None and jobs.manifest(manifest.job_id) is not None:
        jobs.mark_open(manifest.job_id, manifest.created)
