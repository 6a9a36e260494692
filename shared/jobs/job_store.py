"""Reads and writes jobs in the object store, which is the truth about them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.domain import object_keys
from shared.domain.errors import CorruptDocument, NewerRelease, NotFound, StoreUnreachable, TooLarge
from shared.domain.job_ids import next_id
from shared.domain.page_ranges import PageRange, without
from shared.domain.records.base import Record, to_json
from shared.domain.records.job import MAX_PAGES, Counts, Delivery, Done, Manifest
from shared.domain.records.page_result import PageResult
from shared.domain.serialization.newer_records import is_newer
from shared.jobs.collections.end_log import EndLog, reopened
from shared.jobs.job_marker import MAX_MARKER_BYTES, JobMarker
from shared.storage.store import ObjectStore

_Record = TypeVar("_Record", bound=Record)
#: Requests in flight when many page results are read.
READERS = 16
#: Page results that one of them reads at once.
RESULTS_AT_ONCE = 8
MAX_RECORD_BYTES = 64 * 1024 * 1024
NOTHING_HELD: Mapping[int, PageResult] = MappingProxyType({})


@dataclass(frozen=True)
class PageStates:
    """Which pages have a result; ``failed`` holds the pages that have only a failure."""

    have: frozenset[int]
    failed: frozenset[int]
    #: A hash of key and stamp of every result, also of failures that a good result outranks. Only
    #: for comparison within one process.
    marks: frozenset[int] = frozenset()

    @property
    def all(self) -> frozenset[int]:
        """Pages with any result."""
        return self.have | self.failed


@dataclass(frozen=True)
class DocumentFacts:
    """Totals of a document: worker seconds, and the scores of its pages' quality by page."""

    worker_s: float
    scores: dict[int, float]
    #: Pages that the fallback engine read.
    fallback: tuple[int, ...] = ()


class JobStore:
    """Reads and writes jobs; thread-safe; raises StoreUnreachable."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store
        #: How jobs end, for their collections.
        self.ends = EndLog(store)

    def manifest(self, job_id: str) -> Manifest | None:
        """``job.json``, or None where there is no such job."""
        return self.read(object_keys.manifest(job_id), Manifest)

    def done(self, job_id: str) -> Done | None:
        """``_DONE``, or None while the job is open."""
        return self.read(object_keys.done(job_id), Done)

    def document_facts(self, job_id: str) -> DocumentFacts | None:
        """Totals of an ended job, from its ``document.json``; None if it is missing or large."""
        try:
            key = object_keys.document(job_id, "json")
            document = json.loads(self.store.get(key, MAX_RECORD_BYTES))
            return _document_facts(document)
        except (
            NotFound,
            TooLarge,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
        ):
            return None

    def result(self, job_id: str, page: int) -> PageResult | None:
        """The page's result; ok or blank outranks failed."""
        good = self.good_result(job_id, page)
        return good or self.read(object_keys.failed_page(job_id, page), PageResult)

    def good_result(self, job_id: str, page: int) -> PageResult | None:
        """The page's result if it is ok or blank."""
        return self.read(object_keys.page(job_id, page), PageResult)

    def write_result(self, result: PageResult) -> PageResult:
        """Store a result; returns the result that counts: the first ok or blank one wins."""
        if result.status == "failed":
            self.store.put(object_keys.failed_page(result.job_id, result.page), to_json(result))
            return result
        key = object_keys.page(result.job_id, result.page)
        if self.store.put_new(key, to_json(result)):
            return result
        first = self.good_result(result.job_id, result.page)
        if first is None:
            raise StoreUnreachable(f"{key} could not be written and is not there; trying again")
        return first

    def page_states(self, job_id: str) -> PageStates:
        """Which pages have results, read from one listing."""
        have, failed, marks = set[int](), set[int](), set[int]()
        for key, stamp in self.store.stamped(object_keys.pages(job_id)):
            parsed = object_keys.parse_page_key(key)
            if parsed is not None and parsed[0] <= MAX_PAGES:
                (failed if parsed[1] else have).add(parsed[0])
                marks.add(hash((key, stamp)))
        return PageStates(frozenset(have), frozenset(failed - have), frozenset(marks))

    def results(
        self,
        job_id: str,
        pages: Iterable[int],
        states: PageStates,
        held: Mapping[int, PageResult] = NOTHING_HELD,
    ) -> Iterator[PageResult]:
        """Results in the order of ``pages``, read ahead in parallel.

        ``held`` are good results that the caller read or wrote; they are not read again.
        """
        numbers = iter(pages)

        def read(page: int) -> PageResult:
            if page in held and page in states.have:
                return held[page]
            key = object_keys.page if page in states.have else object_keys.failed_page
            result = self.read(key(job_id, page), PageResult) or self.result(job_id, page)
            if result is None:
                raise NotFound(f"the result of page {page} of {job_id} was deleted")
            return result

        def read_all(some: list[int]) -> list[PageResult]:
            return [read(page) for page in some]

        with ThreadPoolExecutor(READERS, thread_name_prefix="results") as pool:
            while batch := list(islice(numbers, READERS * RESULTS_AT_ONCE)):
                if len(batch) == 1 or held.keys() >= set(batch):
                    # Two threads would cost a small document as much as the rest of its merge.
                    yield from map(read, batch)
                    continue
                # One task of many pages, because a task costs more than reading a local file.
                each = -(-len(batch) // READERS)
                parts = [batch[start : start + each] for start in range(0, len(batch), each)]
                yield from chain.from_iterable(pool.map(read_all, parts))

    def count(self, job_id: str, states: PageStates) -> Counts:
        """How the pages with results ended, from the results themselves."""
        tally = {"ok": 0, "blank": 0, "failed": len(states.failed)}
        for result in self.results(job_id, sorted(states.have), states):
            tally[result.status] += 1
        return Counts(**tally)

    def series(self, first: str) -> Iterator[Manifest]:
        """The jobs ``first``, ``first-2`` ... in their order, up to the first missing one."""
        candidate = first
        while (manifest := self.manifest(candidate)) is not None:
            yield manifest
            candidate = next_id(first, candidate)

    def job_ids(self) -> Iterator[str]:
        """The ids of all jobs in the store; other objects are skipped."""
        return filter(object_keys.is_job_id, self.store.folders(object_keys.JOBS))

    def marker(self, job_id: str) -> JobMarker | None:
        """The job's marker, or None where there is none."""
        try:
            return JobMarker(self.store.get(object_keys.open_marker(job_id), MAX_MARKER_BYTES))
        except NotFound:
            return None

    def mark_open(self, job_id: str, created: float) -> None:
        """Write the marker of an open job, by which the sweeper finds the job."""
        self._write_marker(job_id, JobMarker.of_open_job(created))

    def mark_purging(self, job_id: str) -> JobMarker:
        """Write and return the marker of a purge, by which the sweeper finds the purge."""
        return self._write_marker(job_id, JobMarker.of_purge())

    def is_purging(self, job_id: str) -> bool:
        """Whether a purge wrote the last marker and has not removed it."""
        marker = self.marker(job_id)
        return marker is not None and marker.is_purge

    def _write_marker(self, job_id: str, marker: JobMarker) -> JobMarker:
        self.store.put(object_keys.open_marker(job_id), marker.data)
        return marker

    def unmark_open(self, job_id: str) -> None:
        """Remove the marker; call only after ``_DONE`` was written or the job was deleted."""
        self.store.delete([object_keys.open_marker(job_id)])

    def mark_notify(self, job_id: str) -> None:
        """Record that the webhook is due; written before ``_DONE``, so that no crash loses it."""
        self.store.put(object_keys.notify_marker(job_id), b"{}\n")

    def unmark_notify(self, job_id: str) -> None:
        """Remove the record: the webhook was delivered or given up."""
        self.store.delete([object_keys.notify_marker(job_id)])

    def notified(self, job_id: str) -> Delivery | None:
        """``_NOTIFIED``: the delivery that succeeded, or None."""
        return self.read(object_keys.notified(job_id), Delivery)

    def mark_notified(self, job_id: str, delivery: Delivery) -> None:
        """Write ``_NOTIFIED`` and delete the record of attempts."""
        self.store.put(object_keys.notified(job_id), to_json(delivery))
        self.store.delete([object_keys.delivery(job_id)])

    def delivery(self, job_id: str) -> Delivery | None:
        """The record of delivery attempts, or None."""
        return self.read(object_keys.delivery(job_id), Delivery)

    def record_delivery(self, job_id: str, delivery: Delivery) -> None:
        """Store the record of delivery attempts."""
        self.store.put(object_keys.delivery(job_id), to_json(delivery))

    def undo_done(self, manifest: Manifest) -> None:
        """Delete ``_DONE``; the marker first, so that the sweeper has the job reduced again."""
        self.mark_open(manifest.job_id, manifest.created)
        self.store.delete([object_keys.done(manifest.job_id)])
        self.ends.add([manifest.labels], reopened(manifest.job_id))

    def reopen(self, manifest: Manifest, pages: Iterable[int]) -> None:
        """Delete ``_DONE`` and the failures of ``pages``, so that they run again."""
        job_id = manifest.job_id
        self.mark_open(job_id, manifest.created)
        self.store.delete([object_keys.done(job_id)])
        self.store.delete([object_keys.notified(job_id), object_keys.delivery(job_id)])
        listed = self.store.list(object_keys.submissions(job_id))
        self.store.delete([key for key in listed if key.endswith(object_keys.DELIVERY_SUFFIX)])
        self.store.delete([object_keys.failed_page(job_id, page) for page in pages])
        # Again: a sweeper that saw the marker together with _DONE may have removed it.
        self.mark_open(job_id, manifest.created)
        self.ends.add([manifest.labels], reopened(job_id))

    def withdraw(self, result: PageResult) -> None:
        """Delete a result that was stored too late, and its figures."""
        key = object_keys.failed_page if result.status == "failed" else object_keys.page
        self.store.delete([key(result.job_id, result.page)])
        self.store.delete([object_keys.in_job(result.job_id, each.key) for each in result.figures])

    def read(self, key: str, kind: type[_Record], limit: int = MAX_RECORD_BYTES) -> _Record | None:
        """The record at ``key``, or None; raises CorruptDocument, NewerRelease or TooLarge."""
        try:
            data = self.store.get(key, limit)
        except NotFound:
            return None
        if not data:
            # No record is empty: its writer died, and the service stored the partial upload.
            self.store.delete([key])
            return None
        record = _parsed(key, data, kind)
        _check_place(key, record)
        return record


def _parsed(key: str, data: bytes, kind: type[_Record]) -> _Record:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        if is_newer(data, error):
            raise NewerRelease(
                f"{key} was written by a newer release of pagefleet; upgrade this machine"
            ) from None
        raise CorruptDocument(f"{key} in the store is not valid: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """The first of perhaps very many errors, in one short line."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))[:100]}: {first['msg'][:200]}"


def _check_place(key: str, record: Record) -> None:
    """Raise CorruptDocument for a record of another job or page: its user would change that one."""
    if isinstance(record, Manifest | PageResult) and record.job_id != object_keys.job_of(key):
        raise CorruptDocument(f"{key} in the store is of another job, {record.job_id}")
    if isinstance(record, PageResult):
        page, _ = object_keys.parse_page_key(key) or (record.page, False)
        if page != record.page:
            raise CorruptDocument(f"{key} in the store is of another page, {record.page}")


def missing_pages(manifest: Manifest, states: PageStates) -> tuple[PageRange, ...]:
    """Selected pages without any result."""
    return without(manifest.page_ranges, states.all)


def _document_facts(document: Any) -> DocumentFacts | None:
    """The totals of a record, which may be forged; None for an impossible time."""
    seconds = float(document["worker_s"])
    if not 0 <= seconds < float("inf"):
        return None
    scores = {
        int(entry["page"]): float(entry["quality"])
        for entry in document.get("ledger", ())
        if entry.get("quality") is not None
    }
    fallback = (entry["page"] for entry in document.get("ledger", ()) if entry.get("fallback"))
    return DocumentFacts(seconds, scores, tuple(map(int, fallback)))
