"""Options of a job: those that change the results of pages, and those of the merged document."""

from typing import Annotated, Literal

from pydantic import Field

from shared.domain.pools import REVISION_PATTERN, Pool
from shared.domain.records.base import Record, is_default, is_unset
from shared.domain.tasks import Task

TextLayer = Literal["auto", "never", "always"]
FallbackChoice = Literal["none", "cpu"]
Resolution = Literal["tiny", "small", "base", "large", "gundam"]
CropMode = Literal["auto", "manual", "none"]
PageBreaks = Literal["comment", "none", "rule"]
Headers = Literal["keep", "drop"]
Footnotes = Literal["inline", "end", "keep"]
Tables = Literal["html", "pipe", "auto"]
Math = Literal["dollars", "latex"]
#: A branch, tag or commit of a model's repository. Left out where it is unset, so that programs of
#: earlier releases can read the record.
Revision = Annotated[
    str | None,
    Field(pattern=f"^{REVISION_PATTERN}$", exclude_if=is_unset),
]


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
        exclude_if=is_default("none"),
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
    headers: Headers = Field(default="drop", exclude_if=is_default("drop"))
    #: Where footnotes stand: after their paragraph, at the end, or as they are on the page.
    footnotes: Footnotes = Field(default="inline", exclude_if=is_default("inline"))
    #: How tables are written; html: as the engine wrote them.
    tables: Tables = Field(default="html", exclude_if=is_default("html"))
    #: How formulas are marked; unset: as the engine wrote them.
    math: Math | None = Field(default=None, exclude_if=is_unset)
