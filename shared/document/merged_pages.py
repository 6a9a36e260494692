"""The input of all writers: the pages of a job after all rules."""

from dataclasses import dataclass

from shared.document.structure.units import Join, Unit
from shared.domain.records import Counts, JobStatus, Manifest, PageResult, RenderOptions

#: Characters [start, end) of a text.
Span = tuple[int, int]


@dataclass(frozen=True)
class MergedPages:
    """All selected pages of a job, in order, and the Markdown that was made of them."""

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
