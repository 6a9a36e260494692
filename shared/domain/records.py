"""What crosses a process or lies in the store: frozen, versioned, validated on receipt."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.tasks import Task

SCHEMA = 1

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
Priority = Literal["high", "normal", "low"]
TextLayer = Literal["auto", "never", "always"]
Resolution = Literal["tiny", "small", "base", "large", "gundam"]
CropMode = Literal["auto", "manual", "none"]
PageBreaks = Literal["comment", "none", "rule"]
Coordinate = Annotated[int, Field(ge=0, le=999)]
JobId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}-[0-9a-f]{8}(-[0-9]{1,6})?$")]
BBox = tuple[Coordinate, Coordinate, Coordinate, Coordinate]


class Record(BaseModel):
    """A frozen value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PageSettings(Record):
    """Page options that are deployment settings too; the settings give their defaults.

    Settings, command line, options files, job ids and docs take their lists from here. A field
    that is added later must default to None: options that are unset do not change job ids.
    """

    resolution: Resolution = Field("gundam", description="how the model sees a page")
    crop_mode: CropMode = Field(
        "auto", description="tiles of a page; manual: up to max_tiles, none: one picture"
    )
    max_tiles: int = Field(6, ge=2, le=9, description="largest number of tiles in gundam mode")
    dpi: int | None = Field(
        None,
        ge=36,
        le=1200,
        description="dots per inch of rendered PDF pages; unset: what the engine needs",
    )
    exact: bool = Field(False, description="render and resize like the official script")
    text_layer: TextLayer = Field(
        "auto", description="whether the cpu engine may use the text stored in a PDF"
    )


class PageOptions(PageSettings):
    """What changes the result of a page; part of the job's identity."""

    task: Task = Task.MARKDOWN
    prompt: str | None = None
    query: str | None = None
    #: Selected pages as sorted ranges ("1-3,7"); None means all.
    pages: str | None = None
    engine: str
    model: str


class RenderOptions(Record):
    """What changes only the written document; outside the identity."""

    page_breaks: PageBreaks = "comment"
    #: More failed pages than this make the whole document failed; None means never.
    max_failed_pages: int | None = Field(default=None, ge=0)


class Source(Record):
    """The stored document: ``key`` is relative to the job's folder."""

    name: str
    key: str
    bytes: int = Field(ge=0)
    uri: str | None = None


class Manifest(Record):
    """``job.json``: everything needed to do the job again from nothing."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    source: Source
    sha256: str
    #: Pages of the source document, selected or not.
    page_count: int = Field(ge=1)
    options: PageOptions
    render: RenderOptions = RenderOptions()
    priority: Priority = "normal"
    labels: dict[str, str] = Field(default_factory=dict)
    webhook: str | None = None
    #: Seconds since the epoch, UTC.
    created: float

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Block(Record):
    """One region of the upright page in reading order, bbox on a 0-999 scale."""

    type: BlockType
    bbox: BBox
    #: Markdown of the block's body; for tables HTML (``<table>…``), for images "".
    text: str = ""
    confidence: float | None = None


class Figure(Record):
    """A crop in the store; ``key`` is relative to the job's folder."""

    key: str
    bbox: BBox


class PageImage(Record):
    """Size in pixels of the upright page; ``rotation`` in degrees clockwise was applied."""

    width: int = 0
    height: int = 0
    rotation: Literal[0, 90, 180, 270] = 0


class EngineInfo(Record):
    """Who read the page."""

    name: str
    model: str
    version: str


class ErrorInfo(Record):
    """Why a page or document failed; ``code`` is one of the ledger's codes."""

    code: str
    message: str


class Timings(Record):
    """Milliseconds spent in each stage of a page."""

    fetch: float = 0.0
    render: float = 0.0
    prepare: float = 0.0
    engine: float = 0.0
    parse: float = 0.0
    store: float = 0.0


class PageResult(Record):
    """One page's entry in the ledger."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    page: int = Field(ge=1)
    status: PageStatus
    task: Task
    markdown: str = ""
    blocks: tuple[Block, ...] = ()
    figures: tuple[Figure, ...] = ()
    image: PageImage = PageImage()
    engine: EngineInfo
    finish_reason: str | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 1
    timings_ms: Timings = Timings()
    #: The page's share of its worker's time in seconds, see shared.domain.cost.
    worker_s: float = Field(default=0.0, ge=0)
    error: ErrorInfo | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Counts(Record):
    """How many pages ended in which way."""

    ok: int = 0
    blank: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """Pages with an outcome."""
        return self.ok + self.blank + self.failed


class Done(Record):
    """``_DONE``: the commit of a job."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    status: JobStatus
    counts: Counts

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Delivery(Record):
    """How the delivery of a webhook stands; ``next_try`` in seconds since the epoch."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Which message: a job that is run again and ends otherwise has another one.
    message: str
    state: Literal["pending", "delivered", "gave_up"] = "pending"
    tries: int = Field(default=0, ge=0)
    next_try: float = 0.0
    last_error: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PageMessage(Record):
    """The body of a ``pagefleet.page`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId
    page: int = Field(ge=1)
    #: Place in the queue's dispatch order, see shared.broker.dispatch_state.
    seq: int = Field(ge=0)
    queue: str = Field(pattern=r"^pages\.[a-z0-9_-]{1,40}\.(high|normal|low|quarantine)$")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class ReduceMessage(Record):
    """The body of a ``pagefleet.reduce`` task."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    job_id: JobId

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def to_json(record: Record) -> bytes:
    """The stored form of ``record``: UTF-8 JSON, keys in the order of the schema."""
    return record.model_dump_json(by_alias=True).encode()


def to_plain(record: Record) -> dict[str, Any]:
    """``record`` as JSON-ready values, for messages."""
    return record.model_dump(mode="json", by_alias=True)
