"""What the page worker knows of an engine; an engine knows nothing of queues or stores.

An engine reads one page at a time per call, with many calls in flight on one event loop,
so that it may batch continuously. It lives in the worker's main process and starts its own
processes where reading would hold the interpreter.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from shared.domain.records import Block, EngineInfo, PageOptions
from shared.domain.tasks import Task
from shared.rendering.render_size import RenderSize

Rotation = Literal[0, 90, 180, 270]


@dataclass(frozen=True)
class RenderPlan(RenderSize):
    """What the engine wants of a page."""

    #: False: no pixels are made at all (width and height 0), for engines that need none.
    pixels: bool = True
    #: "module:function" called in the helper process with (PIL.Image RGB, PageOptions, Path out);
    #: it writes what the engine needs to ``out`` and its wall time is the stage "prepare".
    prepare: str | None = None
    #: False: ``PageView.pixels`` is None, for engines that read only what ``prepare`` wrote.
    keep_pixels: bool = True


@dataclass(frozen=True)
class PageView:
    """One rendered page, ready to be read.

    ``pixels`` is a file of raw RGB bytes, height x width x 3, row-major; it and ``prepared``
    are removed after the call, whatever its outcome.
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


@dataclass(frozen=True)
class Reading:
    """What the engine made of a page; ``markdown`` excludes headers, footers, page numbers.

    An ``image`` block stands in ``markdown`` as a link ``![](figure:N)``, N being the 1-based
    place of that block among the image blocks of ``blocks``.
    """

    markdown: str
    blocks: tuple[Block, ...] = ()
    #: Degrees clockwise that turn the rendered page upright; boxes are of the upright page.
    rotation: Rotation = 0
    finish_reason: str | None = "stop"
    prompt_tokens: int = 0
    output_tokens: int = 0
    parse_ms: float = 0.0
    notes: tuple[str, ...] = field(default=())


class Engine(Protocol):
    """One engine of one worker process."""

    info: EngineInfo
    tasks: frozenset[Task]
    #: Pages that may be in flight at once.
    capacity: int

    def plan(self, options: PageOptions) -> RenderPlan:
        """The rendering that ``read`` expects for pages with ``options``."""
        ...

    async def start(self) -> None:
        """Load and warm up; raises EngineUnavailable with advice."""
        ...

    async def read(self, view: PageView) -> Reading:
        """Read one page; raises PageError for the page, TransientError for the engine."""
        ...

    def stream(self, view: PageView) -> AsyncIterator[str]:
        """The page's text piece by piece, for one reader at a terminal."""
        ...

    async def stop(self) -> None:
        """Free everything; safe to call twice and after a failed start."""
        ...
