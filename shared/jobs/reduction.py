"""Writes the document of a job once every page has a result; ``_DONE`` is the commit.

Trusts the object store and not the counters. Doing it twice, or by two processes at once,
gives the same bytes and one commit. Whoever writes the document looks before whether another
one has committed, and afterwards whether the job is still the one that was read, else writes it
again: a process may stand still between reading and writing while the pages run again. Stale
text is left only by one that stands still between that first look and its write while another
one commits, and then is killed before its second look.
"""

from shared.document import Document, assemble
from shared.document.outcome import was_cancelled
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.page_ranges import PageRange, expand, from_numbers
from shared.domain.records import Done, Manifest, to_json
from shared.jobs.job_store import JobStore, PageStates, missing_pages, selected

#: Times that a document is written anew because its pages changed meanwhile.
SETTLE_TRIES = 5


class PagesMissing(Exception):
    """Some pages have no result yet; ``ranges`` says which."""

    def __init__(self, ranges: tuple[PageRange, ...]) -> None:
        super().__init__(f"missing pages {ranges}")
        self.ranges = ranges


def reduce_job(jobs: JobStore, manifest: Manifest, *, cancelling: bool = False) -> Done:
    """Merge the pages and commit.

    Only a cancel ends a job with cancelled pages; to others they have no result. Raises
    PagesMissing where a result is not there, NotFound where the job is gone.
    """
    finished = jobs.done(manifest.job_id)
    if finished is not None:
        _unmark(jobs, manifest)
        return finished
    for number in range(SETTLE_TRIES):
        done = _round(jobs, manifest, cancelling, again=number > 0)
        manifest = _living(jobs, manifest.job_id)
        if done is not None:
            _unmark(jobs, manifest)
            return done
    raise PagesMissing(missing_pages(manifest, jobs.page_states(manifest.job_id)))


def _round(jobs: JobStore, manifest: Manifest, cancelling: bool, again: bool) -> Done | None:
    """Write and commit; None where the document was stale before it counted.

    A page got a result meanwhile, "retry" took the failures, or the job was purged and
    submitted again.
    """
    job_id = manifest.job_id
    states = jobs.page_states(job_id)
    try:
        document = _read(jobs, manifest, states, cancelling)
    except NotFound:
        return None  # a result vanished while it was read
    # Somebody may have committed while this process stood still; stale text of ours must go.
    finished = None if again else jobs.done(job_id)
    if finished is not None:
        return finished
    for suffix, file in document.files.items():
        jobs.store.put(object_keys.document(job_id, suffix), file.data)
    if (jobs.page_states(job_id), _living(jobs, job_id)) != (states, manifest):
        return None
    return _commit(jobs, manifest, Done(status=document.status, counts=document.counts), states)


def _read(jobs: JobStore, manifest: Manifest, states: PageStates, cancelling: bool) -> Document:
    job_id = manifest.job_id
    missing = missing_pages(manifest, states)
    if missing:
        raise PagesMissing(missing)
    results = jobs.results(job_id, expand(selected(manifest)), states)
    document = assemble(manifest, results, manifest.render)
    if document.status == "cancelled" and not cancelling:
        failed = jobs.results(job_id, sorted(states.failed), states)
        raise PagesMissing(from_numbers(each.page for each in failed if was_cancelled(each)))
    return document


def _commit(jobs: JobStore, manifest: Manifest, done: Done, seen: PageStates) -> Done | None:
    """Commit what was written; None where that is no more what the pages say."""
    job_id = manifest.job_id
    if manifest.webhook is not None:
        jobs.mark_notify(job_id)
    if not jobs.store.put_new(object_keys.done(job_id), to_json(done)):
        return jobs.done(job_id)
    now = jobs.page_states(job_id)
    if not seen.marks <= now.marks or seen.failed & now.have:
        # A failure was written again or its page was read after all, or the job was opened
        # again under our hands.
        jobs.undo_done(manifest)
        return None
    return done


def _living(jobs: JobStore, job_id: str) -> Manifest:
    """The manifest as it is now; raises NotFound."""
    manifest = jobs.manifest(job_id)
    if manifest is None:
        raise NotFound(f"job {job_id} was purged while its document was written")
    return manifest


def _unmark(jobs: JobStore, manifest: Manifest) -> None:
    """Remove the marker, but not that of a purge or of somebody who opens the job just now."""
    if jobs.is_purging(manifest.job_id):
        return
    jobs.unmark_open(manifest.job_id)
    if jobs.done(manifest.job_id) is None and jobs.manifest(manifest.job_id) is not None:
        jobs.mark_open(manifest.job_id, manifest.created)
