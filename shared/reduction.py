"""Writes the document of a job once every page has a result; ``_DONE`` is the commit.

Trusts the object store and not the counters. Doing it twice, or by two processes at once,
gives the same bytes and one commit.
"""

from shared import keys
from shared.document import assemble
from shared.errors import NotFound
from shared.jobs import JobStore, missing_pages, selected
from shared.pages import PageRange, expand
from shared.records import Done, Manifest, to_json


class PagesMissing(Exception):
    """Some pages have no result yet; ``ranges`` says which."""

    def __init__(self, ranges: tuple[PageRange, ...]) -> None:
        super().__init__(f"missing pages {ranges}")
        self.ranges = ranges


def reduce_job(jobs: JobStore, manifest: Manifest) -> Done:
    """Merge the pages and commit; raises PagesMissing where a result is not there."""
    job_id = manifest.job_id
    finished = jobs.done(job_id)
    if finished is not None:
        jobs.unmark_open(job_id)
        return finished
    states = jobs.page_states(job_id)
    missing = missing_pages(manifest, states)
    if missing:
        raise PagesMissing(missing)
    results = jobs.results(job_id, expand(selected(manifest)), states)
    document = assemble(manifest, results, manifest.render)
    return _commit(jobs, manifest, document.markdown, document.json, document)


def _commit(
    jobs: JobStore, manifest: Manifest, markdown: str, json: bytes, document: object
) -> Done:
    job_id = manifest.job_id
    jobs.store.put(keys.document(job_id, "md"), markdown.encode())
    jobs.store.put(keys.document(job_id, "json"), json)
    if manifest.webhook is not None:
        jobs.mark_notify(job_id)
    done = Done(status=document.status, counts=document.counts)  # type: ignore[attr-defined]
    if not jobs.store.put_new(keys.done(job_id), to_json(done)):
        done = jobs.done(job_id) or done
    if jobs.manifest(job_id) is None:
        raise NotFound(f"job {job_id} was purged while its document was written")
    jobs.unmark_open(job_id)
    return done
