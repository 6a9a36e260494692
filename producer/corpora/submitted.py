"""Counts what one ``submit`` command has done."""

import time

from producer.corpora.submission import KnownDocument
from producer.submission.bulk import is_outage
from producer.submission.submitter import Submission
from shared.domain.pools import Pool


class Submitted:
    """The results so far; ``keeps`` the submissions themselves for a command that follows them."""

    def __init__(self, keeps: bool) -> None:
        self._keeps = keeps
        self._started = time.monotonic()
        self._documents = self._pages = self._known = self._refused = 0
        self.kept: list[Submission] = []
        #: Pools that have pages to read.
        self.pools: set[Pool] = set()
        #: Results in a row that are outages.
        self.outages = 0

    def add(self, result: Submission | KnownDocument | Exception) -> None:
        """Count one result."""
        self.outages = self.outages + 1 if is_outage(result) else 0
        self._documents += 1
        if isinstance(result, Exception):
            self._refused += 1
            return
        self._pages += result.pages
        if isinstance(result, KnownDocument):
            self._known += 1
            return
        if result.done is None:
            self.pools.add(result.manifest.options.pool)
        if self._keeps:
            self.kept.append(result)

    def as_text(self) -> str:
        """One line for terminals."""
        elapsed = max(time.monotonic() - self._started, 0.001)
        rate = f"{self._documents / elapsed:.1f} documents/s"
        known = f", {self._known} submitted before" if self._known else ""
        refused = f", {self._refused} refused" if self._refused else ""
        return f"{self._documents} documents, {self._pages} pages, {rate}{known}{refused}"
