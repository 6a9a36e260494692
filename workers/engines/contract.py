"""The interface between the page worker and an engine; an engine uses no queue and no store.

``read`` is called for one page at a time, with many calls in flight on one event loop, so that an
engine can batch continuously. An engine runs in the worker's main process and starts its own
processes for work that would hold the interpreter lock.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block, Confidence, EngineInfo
from shared.domain.tasks import Task
from shared.rendering.render_size import RenderSize
from shared.rendering.text_block import TextBlock

Rotation = Literal[0, 90, 180, 270]


@dataclass(frozen=True)
class RenderPlan(RenderSize):
    """How an engine wants a page to be rendered."""

    #: False: render no pixels (width and height are 0), for engines that need none.
    pixels: bool = True
    #: "module:function", called in the helper process with (PIL.Image RGB, PageOptions, Path out).
    #: It writes the engine's input to ``out``; its wall time is the stage "prepare".
    prepare: str | None = None
    #: False: ``RenderedPage.pixels`` is None, for engines that read only the output of ``prepare``.
    keep_pixels: bool = True


@dataclass(frozen=True)
class RenderedPage:
    """One rendered page.

    ``pixels`` is a file of raw RGB bytes: height x width x 3, row-major. It and ``prepared`` are
    removed after the call to ``read``, also after an error.
    """

    source: Path
    #: 1-based page of the source document.
    page: int
    #: "pdf", "png", "jpg", "webp" or "tiff".
    kind: str
    sha256: str
    width: int
    height: int
    pixels: Path | None
    prepared: Path | None
    options: PageOptions
    #: The blocks of the page's text layer, not judged.
    layer: tuple[TextBlock, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The text and blocks of a page; ``markdown`` excludes headers, footers and page numbers.

    An ``image`` block is a link ``![](figure:N)`` in ``markdown``; N counts the image blocks of
    ``blocks`` from 1.
    """

    markdown: str
    blocks: tuple[Block, ...] = ()
    #: Degrees clockwise that turn the rendered page upright; boxes refer to the upright page.
    rotation: Rotation = 0
    finish_reason: str | None = "stop"
    prompt_tokens: int = 0
    output_tokens: int = 0
    parse_ms: float = 0.0
    #: None where the engine scores no lines.
    confidence: Confidence | None = None
    notes: tuple[str, ...] = field(default=())
    #: The model's answer before it was parsed; "" where the engine has none.
    raw: str = ""


class Engine(Protocol):
    """One engine of one worker process."""

    @property
    def info(self) -> EngineInfo:
        """Its name, model and version."""
        ...

    @property
    def tasks(self) -> frozenset[Task]:
        """What it can do with a page."""
        ...

    @property
    def capacity(self) -> int:
        """Pages that may be in flight at once."""
        ...

    def plan(self, options: PageOptions) -> RenderPlan:
        """The rendering that ``read`` expects for pages with ``options``."""
        ...

    async def start(self) -> None:
        """Load and warm up; raises EngineUnavailable with advice."""
        ...

    async def read(self, view: RenderedPage) -> Reading:
        """Read one page; raises PageError for the page, TransientError for the engine."""
        ...

    def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """The page's text piece by piece, for output to a terminal."""
        ...

    async def stop(self) -> None:
        """Free all resources; safe to call twice and after a failed start."""
        ...
