"""The records of ``document.json``: every page with its blocks, and the ledger."""

from collections.abc import Iterable
from typing import Any, Literal

import pydantic_core
from pydantic import ConfigDict, Field

from shared.document.control_characters import strip_control
from shared.document.structure.text.marks import without_any_marks
from shared.document.structure.units import Join, JoinKind, Place, Unit, UnitKind
from shared.domain.harmless_json import harmless_json
from shared.domain.records.base import Record, is_unset
from shared.domain.records.job import Counts, JobStatus
from shared.domain.records.options import PageOptions, RenderOptions
from shared.domain.records.page_result import (
    BBox,
    Block,
    Confidence,
    EngineInfo,
    ErrorInfo,
    Fallback,
    Figure,
    PageImage,
    PageResult,
    PageStatus,
    Quality,
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
    confidence: Confidence | None = Field(default=None, exclude_if=is_unset)
    quality: Quality | None = Field(default=None, exclude_if=is_unset)
    fallback: Fallback | None = Field(default=None, exclude_if=is_unset)


class LedgerEntry(Record):
    """The status of one selected page, and the error where it failed."""

    page: int = Field(ge=1)
    status: PageStatus
    error: ErrorInfo | None = None
    #: The score of the page's quality; its reasons are in the entry of the page.
    quality: float | None = Field(default=None, ge=0, le=1, exclude_if=is_unset)
    #: Why the job's engine did not read the page, where the fallback engine did.
    fallback: ErrorInfo | None = Field(default=None, exclude_if=is_unset)


class DocumentPlace(Record):
    """Where a block stands; ``bbox`` is None where the engine gave no box."""

    page: int = Field(ge=1)
    bbox: BBox | None = None


class DocumentBlock(Record):
    """One block of the document in its order; a joined block has several places."""

    type: UnitKind
    #: The level of a heading; otherwise 0.
    level: int = Field(default=0, ge=0, le=6)
    #: Its Markdown, before unsafe markup is escaped.
    text: str
    places: tuple[DocumentPlace, ...]


class DocumentJoin(Record):
    """Two parts of the source that became one block, row or list."""

    kind: JoinKind
    before: DocumentPlace
    after: DocumentPlace


class DocumentRecord(Record):
    """The content of ``document.json``; records of schema 1 have no blocks and no joins."""

    schema_: Literal[1, 2] = Field(default=2, alias="schema")
    job_id: str
    source: DocumentSource
    options: PageOptions
    render: RenderOptions
    status: JobStatus
    counts: Counts
    pages: tuple[DocumentPage, ...]
    ledger: tuple[LedgerEntry, ...]
    blocks: tuple[DocumentBlock, ...] = ()
    joins: tuple[DocumentJoin, ...] = ()
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
        confidence=result.confidence,
        quality=result.quality,
        fallback=result.fallback,
    )


def ledger_entry(result: PageResult) -> LedgerEntry:
    """The ledger entry of a page."""
    return LedgerEntry(
        page=result.page,
        status=result.status,
        error=result.error,
        quality=None if result.quality is None else result.quality.score,
        fallback=None if result.fallback is None else result.fallback.error,
    )


def blocks_json(units: Iterable[Unit]) -> bytes:
    """DocumentBlocks as UTF-8 JSON, separated by commas.

    A book has a million of them, so no record is made and validated for each.
    """
    return harmless_json(pydantic_core.to_json([_block(unit) for unit in units])[1:-1])


def _block(unit: Unit) -> dict[str, Any]:
    text = f"{unit.marker} {unit.text}" if unit.marker else unit.text
    return {
        "type": unit.kind,
        "level": unit.level if unit.kind == "heading" else 0,
        "text": strip_control(without_any_marks(text.lstrip())),
        "places": [{"page": page, "bbox": box} for page, box in unit.places],
    }


def join_record(join: Join) -> DocumentJoin:
    """The entry of a join."""
    return DocumentJoin(kind=join.kind, before=_place(join.before), after=_place(join.after))


def _place(place: Place) -> DocumentPlace:
    return DocumentPlace(page=place.page, bbox=place.box)
