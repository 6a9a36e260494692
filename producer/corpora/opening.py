"""Opens a collection for a submission."""

from collections.abc import Iterator
from contextlib import contextmanager

from producer.corpora.collection_index import CollectionIndex
from producer.corpora.journal import Journal
from producer.corpora.submission import CollectionSubmitter
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.job_store import JobStore


@contextmanager
def open_collection(
    jobs: JobStore, name: str, submitter: Submitter, request: Request
) -> Iterator[CollectionSubmitter]:
    """Yields what submits an input into the collection ``name``, which is made if it is new.

    At the end, also after an error or an interrupt, everything that was submitted is written down.
    """
    collection = CollectionStore(jobs.store, name)
    collection.create()
    with CollectionIndex() as index:
        index.load(collection, ends=False)
        journal = Journal(collection, index)
        collected = CollectionSubmitter(submitter, request, journal, jobs)
        try:
            yield collected
        finally:
            collected.record_rest()
            journal.flush()
            jobs.ends.flush()
        collection.join_parts()
