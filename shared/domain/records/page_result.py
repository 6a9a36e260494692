"""The stored result of a page: text, blocks, figures, confidence, quality and cost."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.domain.pools import Pool
from shared.domain.records.base import Count, Finite, Record, is_unset
from shared.domain.records.job import JobId, PageNumber
from shared.domain.records.options import Revision
from shared.domain.tasks import Task

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
Coordinate = Annotated[int, Field(ge=0, le=999)]
BBox = tuple[Coordinate, Coordinate, Coordinate, Coordinate]


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
