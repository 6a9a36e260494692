"""The records of ``document.json``: every page with its blocks, and the ledger."""

from typing import Literal

from pydantic import ConfigDict, Field

from shared.domain.records import (
    Block,
    Counts,
    EngineInfo,
    ErrorInfo,
    Figure,
    JobStatus,
    PageImage,
    PageOptions,
    PageResult,
    PageStatus,
    Record,
    RenderOptions,
)


class DocumentSource(Record):
    """The source; ``pages`` counts all its pages, selected or not."""

    name: str
    sha256: str
    pages: int = Field(ge=1)


class DocumentPage(Record):
    """One selected page; ``page`` is its number in the source."""

    page: int = Field(ge=1)
    status: PageStatus
    #: Characters [start, end) of the Markdown file with the same render options, without the
    #: page's anchor; empty for a blank page.
    markdown_span: tuple[int, int]
    image: PageImage
    blocks: tuple[Block, ...]
    #: Keys are relative to the job's prefix.
    figures: tuple[Figure, ...]
    engine: EngineInfo
    finish_reason: str | None
    prompt_tokens: int
    output_tokens: int
    attempts: int
    error: ErrorInfo | None


class LedgerEntry(Record):
    """The status of one selected page, and the error where it failed."""

    page: int = Field(ge=1)
    status: PageStatus
    error: ErrorInfo | None = None


class DocumentRecord(Record):
    """The content of ``document.json``."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: str
    source: DocumentSource
    options: PageOptions
    render: RenderOptions
    status: JobStatus
    counts: Counts
    pages: tuple[DocumentPage, ...]
    ledger: tuple[LedgerEntry, ...]
    #: Worker seconds of all pages, see shared.domain.cost.
    worker_s: float = Field(default=0.0, ge=0)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def page_record(result: PageResult, span: tuple[int, int]) -> DocumentPage:
    """The entry of a page whose text is at ``span`` of the Markdown."""
    return DocumentPage(
        page=result.page,
        status=result.status,
        markdown_span=span,
        image=result.image,
        blocks=result.blocks,
        figures=result.figures,
        engine=result.engine,
        finish_reason=result.finish_reason,
        prompt_tokens=result.prompt_tokens,
        output_tokens=result.output_tokens,
        attempts=result.attempts,
        error=result.error,
    )


def ledger_entry(result: PageResult) -> LedgerEntry:
    """The ledger entry of a page."""
    return LedgerEntry(page=result.page, status=result.status, error=result.error)
