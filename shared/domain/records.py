"""Records that are stored or sent between processes; frozen and validated when read."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.domain.errors import PageRangeError, UsageError
from shared.domain.harmless_json import harmless_json
from shared.domain.lanes import Priority as Priority
from shared.domain.object_keys import JOB_ID_PATTERN, source_name
from shared.domain.page_ranges import PageRange, selected
from shared.domain.pools import ENGINE_PATTERN, POOL_ID_PATTERN, REVISION_PATTERN, Pool
from shared.domain.tasks import Task

SCHEMA = 1
#: Above the pages of any document; the bitmaps of one job stay small.
MAX_PAGES = 10_000_000
#: Integers up to here are exact in every reader of JSON.
_MAX_COUNT = 2**53 - 1
#: The end of the year 9999.
MAX_TIME = 253_402_300_799

BlockType = Literal[
    "title",
    "sub_title",
    "text",
    "table",
    "table_caption",
    "table_footnote",
    "image",
    "image_caption",
    "equation",
    "header",
    "footer",
    "page_number",
    "list",
    "code",
    "footnote",
]
PageStatus = Literal["ok", "blank", "failed"]
JobStatus = Literal["ok", "partial", "failed", "cancelled"]
TextLayer = Literal["auto", "never", "always"]
FallbackChoice = Literal["none", "cpu"]
Resolution = Literal["tiny", "small", "base", "large", "gundam"]
CropMode = Literal["auto", "manual", "none"]
PageBreaks = Literal["comment", "none", "rule"]
Headers = Literal["keep", "drop"]
Footnotes = Literal["inline", "end", "keep"]
Tables = Literal["html", "pipe", "auto"]
Math = Literal["dollars", "latex"]
PAGE_QUEUE_PATTERN = rf"pages\.{POOL_ID_PATTERN}\.(high|normal|low|quarantine)"
Coordinate = Annotated[int, Field(ge=0, le=999)]
JobId = Annotated[str, Field(pattern=f"^{JOB_ID_PATTERN}$")]
PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGES)]
Count = Annotated[int, Field(ge=0, le=_MAX_COUNT)]
#: Any number but infinity and NaN.
Finite = Annotated[float, Field(ge=-_MAX_COUNT, le=_MAX_COUNT)]
#: Seconds since the epoch, UTC.
Time = Annotated[float, Field(ge=0, le=MAX_TIME)]
BBox = tuple[Coordinate, Coordinate, Coordinate, Coordinate]


def is_unset(value: object) -> bool:
    """For ``exclude_if`` of fields that earlier releases do not have, and therefore refuse."""
    return value is None


def _is_default(default: str) -> Callable[[object], bool]:
    """For ``exclude_if`` of such fields with another default than None."""
    return lambda value: value == default


#: A branch, tag or commit of a model's repository. Left out where it is unset, so that programs of
#: earlier releases can read the record.
Revision = Annotated[
    str | None,
    Field(pattern=f"^{REVISION_PATTERN}$", exclude_if=is_unset),
]


class Record(BaseModel):
    """Base of all records: frozen, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageSettings(Record):
    """Page options that are deployment settings too; the settings give their defaults.

    Settings, command line, options files, job ids and docs take their lists from here. A field
    that is added later must have an ``exclude_if`` for its default: options that are unset do not
    change job ids, and workers of earlier releases can read the manifest.
    """

    resolution: Resolution = Field(
        "gundam",
        description="size at which DeepSeek-OCR gets the page; gundam: the page and tiles of it",
    )
    crop_mode: CropMode = Field(
        "auto",
        description="tiles of a page in gundam mode; auto: 2 to max_tiles, by its proportions; "
        "manual: exactly max_tiles; none: no tiles",
    )
    max_tiles: int = Field(6, ge=2, le=9, description="largest number of tiles in gundam mode")
    dpi: int | None = Field(
        None,
        ge=36,
        le=1200,
        description="dots per inch of rendered PDF pages; unset: what the engine needs",
    )
    exact: bool = Field(
        False, description="render and resize exactly like DeepSeek's published script"
    )
    text_layer: TextLayer = Field(
        "auto", description="whether the cpu engine may use the text stored in a PDF"
    )
    fallback: FallbackChoice = Field(
        "none",
        description="engine that reads a page on which the job's engine failed in all attempts",
        exclude_if=_is_default("none"),
    )


class PageOptions(PageSettings):
    """Everything that changes the result of a page; part of the job id."""

    task: Task = Task.MARKDOWN
    prompt: str | None = None
    query: str | None = None
    #: Selected pages as sorted ranges ("1-3,7"); None: all pages.
    pages: str | None = None
    engine: str
    model: str
    revision: Revision = None

    @property
    def pool(self) -> Pool:
        """The pool that reads the pages."""
        return Pool(self.engine, self.model, self.revision)


class RenderOptions(Record):
    """Options that change only how the merged document is written; not part of the job id."""

    page_breaks: PageBreaks = "comment"
    #: With more failed pages than this the document has status failed; None: no limit.
    max_failed_pages: int | None = Field(default=None, ge=0)
    #: Whether running headers, footers and page numbers are written.
    headers: Headers = Field(default="drop", exclude_if=_is_default("drop"))
    #: Where footnotes stand: after their paragraph, at the end, or as they are on the page.
    footnotes: Footnotes = Field(default="inline", exclude_if=_is_default("inline"))
    #: How tables are written; html: as the engine wrote them.
    tables: Tables = Field(default="html", exclude_if=_is_default("html"))
    #: How formulas are marked; unset: as the engine wrote them.
    math: Math | None = Field(default=None, exclude_if=is_unset)


class Source(Record):
    """The stored bytes of a document; ``key`` is relative to the job's prefix."""

    name: str
    key: str
    bytes: Count
    uri: str | None = None


class Manifest(Record):
    """``job.json``: everything that is needed to run the job again."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    source: Source
    sha256: str
    #: Pages of the source document, selected or not.
    page_count: PageNumber
    options: PageOptions
    render: RenderOptions = RenderOptions()
    priority: Priority = "normal"
    labels: dict[str, str] = Field(default_factory=dict)
    webhook: str | None = None
    created: Time

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("sha256")
    @classmethod
    def _is_digest(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII):
            raise ValueError("no SHA-256 in hex digits")
        return value

    @field_validator("options")
    @classmethod
    def _names_an_engine(cls, value: PageOptions) -> PageOptions:
        """Refuse a name that can't be in the names of queues; an unknown engine may be newer."""
        if not re.fullmatch(ENGINE_PATTERN, value.engine, re.ASCII):
            raise ValueError("the engine's name is no plain word")
        return value

    @field_validator("source")
    @classmethod
    def _names_its_source(cls, value: Source) -> Source:
        try:
            source_name(value.key.removeprefix("source."))
        except UsageError as error:
            raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _has_pages(self) -> Self:
        """Refuse a page list that is none of this document: every reader of the job needs it."""
        try:
            _ = self.page_ranges
        except (UsageError, PageRangeError) as error:
            raise ValueError(error.message[:200]) from None
        return self

    @property
    def page_ranges(self) -> tuple[PageRange, ...]:
        """The pages that the job covers."""
        return selected(self.options.pages, self.page_count)


class Block(Record):
    """One region of the upright page; ``bbox`` is on a scale of 0 to 999."""

    type: BlockType
    bbox: BBox
    #: Markdown of the block; HTML (``<table>…``) for tables, "" for images.
    text: str = ""
    confidence: Finite | None = None


class Figure(Record):
    """A crop of a page in the store; ``key`` is relative to the job's prefix."""

    key: str
    bbox: BBox


class Confidence(Record):
    """How sure an engine is of the text of a page; all shares and scores are 0 to 1."""

    #: Text of a text layer is no guess, so its lines have no score.
    source: Literal["pixels", "text layer"]
    #: Lines with a score: all lines of pixels; of a text layer those that were read from the
    #: pixels because the layer is wrong there.
    lines: int = Field(ge=0)
    #: The mean and the lowest score of these lines; None without such lines.
    mean: float | None = Field(default=None, ge=0, le=1)
    worst: float | None = Field(default=None, ge=0, le=1)
    #: The part of the ink of letters outside pictures that lies in the lines.
    ink: float | None = Field(default=None, ge=0, le=1)
    #: The program that read the lines in scripts that the engine's models do not know, with its
    #: version and language.
    also_read_by: str | None = Field(default=None, exclude_if=is_unset)


QualityCode = Literal[
    "repetition",
    "density",
    "script",
    "boxes",
    "missing_text",
    "text_layer",
    "low_confidence",
    "length_limit",
]


class QualityReason(Record):
    """What one rule found on a page; ``score`` is 0 to 1, ``message`` is for people."""

    code: QualityCode
    score: float = Field(ge=0, le=1)
    message: str


class Quality(Record):
    """How plausible the text of a page is; the worst reason decides the score, 0 to 1."""

    score: float = Field(ge=0, le=1)
    #: The worst first; none for a page without a finding.
    reasons: tuple[QualityReason, ...] = ()


class PageImage(Record):
    """Size of the upright page in pixels, after ``rotation`` degrees clockwise."""

    width: Count = 0
    height: Count = 0
    rotation: Literal[0, 90, 180, 270] = 0


class EngineInfo(Record):
    """The engine that read the page, or was to read it."""

    name: str
    model: str
    version: str
    revision: Revision = None

    @property
    def pool(self) -> Pool:
        """The pool of its workers."""
        return Pool(self.name, self.model, self.revision)


class ErrorInfo(Record):
    """Why a page or document failed; ``code`` is an error code of shared.domain.errors."""

    code: str
    message: str


class Fallback(Record):
    """The engine that was to read a page, and why another engine read it."""

    engine: EngineInfo
    error: ErrorInfo


class Timings(Record):
    """Milliseconds of each stage of a page."""

    fetch: Finite = 0.0
    render: Finite = 0.0
    prepare: Finite = 0.0
    engine: Finite = 0.0
    parse: Finite = 0.0
    store: Finite = 0.0


class PageResult(Record):
    """The stored result of one page."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    page: PageNumber
    status: PageStatus
    task: Task
    markdown: str = ""
    blocks: tuple[Block, ...] = ()
    figures: tuple[Figure, ...] = ()
    image: PageImage = PageImage()
    engine: EngineInfo
    finish_reason: str | None = None
    prompt_tokens: Count = 0
    output_tokens: Count = 0
    attempts: Count = 1
    timings_ms: Timings = Timings()
    #: Worker seconds attributed to the page, see shared.domain.cost.
    worker_s: Finite = Field(default=0.0, ge=0)
    error: ErrorInfo | None = None
    #: None where the engine scores no lines.
    confidence: Confidence | None = Field(default=None, exclude_if=is_unset)
    #: None for a page that is not ok, and for tasks and engines whose text is not judged.
    quality: Quality | None = Field(default=None, exclude_if=is_unset)
    #: Set where the page option of the same name named another engine, and that one read the page.
    fallback: Fallback | None = Field(default=None, exclude_if=is_unset)

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Counts(Record):
    """Number of pages by status."""

    ok: Count = 0
    blank: Count = 0
    failed: Count = 0

    @property
    def total(self) -> int:
        """Number of pages with a result."""
        return self.ok + self.blank + self.failed


class Done(Record):
    """``_DONE``: final status of a job; its conditional write commits the job."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    status: JobStatus
    counts: Counts

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Delivery(Record):
    """State of a webhook delivery; ``next_try`` is in seconds since the epoch."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Hash of the message; it changes where a job is run again and ends with another result.
    message: str
    state: Literal["pending", "delivered", "gave_up"] = "pending"
    tries: Count = 0
    next_try: Finite = 0.0
    last_error: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PageMessage(Record):
    """The body of a ``pagefleet.page`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    page: PageNumber
    #: Position in the dispatch order of the queue, see shared.broker.page_state.
    seq: Count
    queue: str = Field(pattern=f"^{PAGE_QUEUE_PATTERN}$")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ReduceMessage(Record):
    """The body of a ``pagefleet.reduce`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def to_json(record: Record) -> bytes:
    """``record`` as UTF-8 JSON with keys in the order of its fields, safe to show."""
    return harmless_json(record.model_dump_json(by_alias=True).encode())


def to_plain(record: Record) -> dict[str, Any]:
    """``record`` as JSON-ready values, for Celery messages."""
    return record.model_dump(mode="json", by_alias=True)
