"""Writes the document of a job once every page has a result; ``_DONE`` is the commit.

Trusts the object store and not the counters. Doing it twice, or by two processes at once,
gives the same bytes and one commit. Whoever writes the document looks afterwards whether the
job is still the one that was read, else writes it again: a process may stand still between
reading and writing while the pages run again and another one commits.
"""

from shared import keys
from shared.document import assemble
from shared.errors import NotFound
from shared.jobs import JobStore, PageStates, missing_pages, selected
from shared.pages import PageRange, expand
from shared.records import Done, Manifest, to_json

#: Times that a document is written anew because its pages changed meanwhile.
SETTLE_TRIES = 5


class PagesMissing(Exception):
    """Some pages have no result yet; ``ranges`` says which."""

    def __init__(self, ranges: tuple[PageRange, ...]) -> None:
        super().__init__(f"missing pages {ranges}")
        self.ranges = ranges


def reduce_job(jobs: JobStore, manifest: Manifest) -> Done:
    """Merge the pages and commit.

    Raises PagesMissing where a result is not there, NotFound where the job is gone.
    """
    job_id = manifest.job_id
    finished = jobs.done(job_id)
    if finished is not None:
        _unmark(jobs, manifest)
        return finished
    states = jobs.page_states(job_id)
    for _ in range(SETTLE_TRIES):
        done = _written(jobs, manifest, states)
        seen, states = states, jobs.page_states(job_id)
        read, manifest = manifest, _living(jobs, job_id)
        if done is not None and (states, manifest) == (seen, read):
            return _commit(jobs, manifest, done, states)
        # A page got a result meanwhile, "retry" took the failures, or the job was purged and
        # submitted again: the document is stale.
    raise PagesMissing(missing_pages(manifest, states))


def _written(jobs: JobStore, manifest: Manifest, states: PageStates) -> Done | None:
    """Like ``_write``; None where a result vanished while it was read."""
    try:
        return _write(jobs, manifest, states)
    except NotFound:
        return None


def _write(jobs: JobStore, manifest: Manifest, states: PageStates) -> Done:
    """Write the document, which is not yet the job's result; returns what will be committed."""
    job_id = manifest.job_id
    missing = missing_pages(manifest, states)
    if missing:
        raise PagesMissing(missing)
    results = jobs.results(job_id, expand(selected(manifest)), states)
    document = assemble(manifest, results, manifest.render)
    jobs.store.put(keys.document(job_id, "md"), document.markdown.encode())
    jobs.store.put(keys.document(job_id, "json"), document.json)
    return Done(status=document.status, counts=document.counts)


def _commit(jobs: JobStore, manifest: Manifest, done: Done, seen: PageStates) -> Done:
    job_id = manifest.job_id
    if manifest.webhook is not None:
        jobs.mark_notify(job_id)
    if not jobs.store.put_new(keys.done(job_id), to_json(done)):
        done = jobs.done(job_id) or done
    elif not seen.marks <= jobs.page_states(job_id).marks:
        # What was read vanishes or changes only where the job was opened again under our hands.
        jobs.undo_done(manifest)
        raise NotFound(f"job {job_id} was opened again while its document was written")
    _living(jobs, job_id)
    _unmark(jobs, manifest)
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
