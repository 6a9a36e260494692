"""The progress of a collection is right also where the processes that ended its jobs died."""

import time

import pytest

from producer.corpora import progress
from producer.corpora.progress import CollectionProgress, progress_of
from shared.domain.collections.names import ends_prefix
from shared.domain.collections.records import EndsPart, Member, MembersPart
from shared.domain.records.base import MAX_TIME
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.collections.end_log import reopened
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore
from tests.support.fleets.stored_jobs import ended_job

DOCUMENTS = 5


class Corpus:
    """Ended jobs of a collection that does not have their ends."""

    def __init__(self, store: ObjectStore) -> None:
        self.store, self.jobs = store, JobStore(store)
        self.collection = CollectionStore(store, "c")
        self.collection.create()
        ids = [ended_job(self.jobs, data=b"%d" % each).job_id for each in range(DOCUMENTS)]
        self.job_ids = ids
        self.collection.members.append(
            MembersPart.of(
                Member(f"{each:032x}", f"{each}.pdf", f"{each}.pdf", None, job_id, 1, None, None)
                for each, job_id in enumerate(ids)
            )
        )

    def now(self, *, recount: bool = False) -> CollectionProgress:
        return progress_of(self.jobs, self.collection, None, 3600.0, recount=recount)


@pytest.fixture
def corpus(file_store: ObjectStore) -> Corpus:
    return Corpus(file_store)


def test_ends_that_no_process_wrote_are_found_a_few_at_a_time(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MOST_LOOKUPS", 3)

    first, second = (corpus.now().totals.documents for _ in range(2))

    assert (first["ok"], first["waiting"]) == (3, 2)
    assert (second["ok"], second["waiting"]) == (5, 0)
    before = list(corpus.store.list(ends_prefix("c")))
    assert corpus.now().totals.documents == second
    assert list(corpus.store.list(ends_prefix("c"))) == before


def test_an_event_at_the_end_of_time_stops_no_command(corpus: Corpus) -> None:
    forged = reopened(corpus.job_ids[0])._replace(at=MAX_TIME)
    corpus.collection.ends.append(EndsPart.of([forged]))

    assert corpus.now().totals.documents["ok"] == DOCUMENTS
    assert corpus.now().totals.documents["ok"] == DOCUMENTS


def test_a_clock_that_was_wrong_at_a_retry_hides_no_end(corpus: Corpus) -> None:
    tomorrow = reopened(corpus.job_ids[0])._replace(at=time.time() + 86_400)
    corpus.collection.ends.append(EndsPart.of([tomorrow]))

    assert corpus.now().totals.documents["ok"] == DOCUMENTS


def test_a_recount_corrects_wrong_rows(corpus: Corpus) -> None:
    corpus.now()
    wrong = reopened(corpus.job_ids[0])._replace(status="failed", failed=9, at=time.time() + 60)
    corpus.collection.ends.append(EndsPart.of([wrong]))
    assert corpus.now().counts.failed == 9

    assert corpus.now(recount=True).totals.documents["ok"] == DOCUMENTS
    assert corpus.now().counts.failed == 0


def test_worker_seconds_rate_and_time_left_come_from_the_ends(corpus: Corpus) -> None:
    rows = [
        reopened(job_id)._replace(status="ok", ok=1, worker_s=2.0, at=time.time() - 10)
        for job_id in corpus.job_ids[:4]
    ]
    corpus.collection.ends.append(EndsPart.of(rows))
    corpus.jobs.reopen(corpus.jobs.manifest(corpus.job_ids[4]), [])  # type: ignore[arg-type]

    facts = corpus.now().as_plain()

    assert (facts["pages"], facts["done"], facts["documents"]["waiting"]) == (5, 4, 1)
    assert facts["worker_seconds_per_page"] == 2.0
    assert facts["cost"] == 8.0
    assert facts["pages_per_s"] == pytest.approx(0.4, rel=0.2)
    assert facts["eta_s"] == pytest.approx(2.5, rel=0.2)
