"""What writers get: the pages of a job after all rules, one after the other or all at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from shared.document.structure.units import Join, Unit
from shared.domain.records.job import Counts, JobStatus, Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult

#: Characters [start, end) of a text.
Span = tuple[int, int]


@dataclass(frozen=True)
class MergedPage:
    """One page of a document that is being merged."""

    result: PageResult
    #: The Markdown from the end of the page before to the end of this one; all pages together are
    #: the Markdown of the document.
    markdown: str
    #: Where in that Markdown the text of the page is, without its anchor, and the text.
    span: Span
    text: str
    #: Blocks of the document that were read meanwhile; all pages together have all blocks in order.
    units: tuple[Unit, ...] = ()


class PageStream(Protocol):
    """A document that is read page by page, in bounded memory."""

    manifest: Manifest
    render: RenderOptions
    status: JobStatus
    counts: Counts
    #: Worker seconds of all pages.
    worker_s: float

    def pages(self) -> Iterator[MergedPage]:
        """All selected pages, in order."""
        ...

    def joins(self) -> Iterator[Join]:
        """What was joined across pages, columns and figures; call it after the last page."""
        ...


@dataclass(frozen=True)
class MergedPages:
    """A document in memory: all selected pages of a job, and the Markdown that was made of them."""

    manifest: Manifest
    render: RenderOptions
    status: JobStatus
    counts: Counts
    pages: tuple[PageResult, ...]
    markdown: str
    #: Where in ``markdown`` the text of each page is, without its anchor.
    spans: tuple[Span, ...]
    #: The blocks of the document.
    units: tuple[Unit, ...] = ()
    #: What was joined across pages, columns and figures, in the order of the document.
    joins: tuple[Join, ...] = ()
