"""Renders pages in helper processes, which pass pixels as files in shared memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.config.settings import Settings
from shared.domain.errors import RenderFailed
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import BBox
from shared.processes.sandbox import Sandbox
from shared.rendering.page_errors import page_errors
from shared.rendering.render_request import RenderRequest, check_kind, render_request
from workers.engines.contract import RenderedPage, RenderPlan, Rotation
from workers.host.scratch import Scratch
from workers.pipeline.page_evidence import PageEvidence
from workers.pipeline.rendering_calls import PRELOAD, RenderedPixels, crop, render

MAX_CROPS = 500
#: Rendering ahead may wait; an engine process that waits for a core leaves its GPU idle.
NICENESS = 5


@dataclass(frozen=True)
class RenderResult:
    """A page ready for the engine; times in milliseconds, waiting not counted."""

    view: RenderedPage
    blank: bool
    evidence: PageEvidence
    render_ms: float
    prepare_ms: float


class Renderer:
    """Thread-safe; renders ``processes`` pages at once, and more pages wait.

    A page that takes too long, needs too much memory or crashes ends only its helper process.
    """

    def __init__(self, settings: Settings, processes: int, scratch: Path | None = None) -> None:
        """``scratch`` is the folder for pixels; by default shared memory, if it has room."""
        self._settings = settings
        self._scratch = Scratch(scratch)
        self._sandbox = Sandbox(
            "pagefleet-draw",
            processes,
            settings.page_memory_mb,
            preload=PRELOAD,
            niceness=NICENESS,
        )

    def render(
        self,
        source: Path,
        kind: str,
        sha256: str,
        page: int,
        plan: RenderPlan,
        options: PageOptions,
    ) -> RenderResult:
        """Render one page; the caller passes ``view`` to ``discard`` after its use.

        Raises RenderFailed, RenderTimeout, RenderMemory or HelperUnavailable, and then leaves
        no file.
        """
        checked_kind = check_kind(kind)
        if not plan.pixels:
            view = RenderedPage(source, page, checked_kind, sha256, 0, 0, None, None, options)
            return RenderResult(view, False, PageEvidence(), render_ms=0.0, prepare_ms=0.0)
        pixels, prepared = self._scratch.new_path(".rgb"), self._scratch.new_path(".prepared")
        try:
            request = render_request(source, checked_kind, page, self._settings)
            result = self._render(request, plan, options, pixels, prepared)
        except BaseException:
            _remove(pixels, prepared)
            raise
        ready = prepared if plan.prepare is not None and not result.blank else None
        kept_pixels = pixels if plan.keep_pixels else None
        view = RenderedPage(
            source,
            page,
            checked_kind,
            sha256,
            result.width,
            result.height,
            kept_pixels,
            ready,
            options,
            result.evidence.layer,
        )
        return RenderResult(
            view, result.blank, result.evidence, result.render_ms, result.prepare_ms
        )

    def crop(self, view: RenderedPage, rotation: Rotation, boxes: Sequence[BBox]) -> list[bytes]:
        """PNG files of ``boxes`` (0-999, on the upright page), in their order.

        The upright page is the rendered one turned clockwise by ``rotation``. The parts are
        rendered from the source, so ``view`` may be discarded. Raises what ``render`` raises.
        """
        if not boxes:
            return []
        if len(boxes) > MAX_CROPS:
            raise RenderFailed(f"the page has {len(boxes)} figures, more than {MAX_CROPS}")
        request = render_request(view.source, view.kind, view.page, self._settings)
        with page_errors(self._settings):
            return self._sandbox.run(
                crop, request, rotation, tuple(boxes), timeout_s=self._settings.page_timeout_s
            )

    def discard(self, view: RenderedPage) -> None:
        """Remove the files of ``view``; safe to call twice."""
        _remove(view.pixels, view.prepared)

    def close(self) -> None:
        """Kill the helper processes and remove all files; waiting calls raise HelperUnavailable."""
        self._sandbox.close()
        self._scratch.close()

    def _render(
        self,
        request: RenderRequest,
        plan: RenderPlan,
        options: PageOptions,
        pixels: Path,
        prepared: Path,
    ) -> RenderedPixels:
        timeout = self._settings.page_timeout_s
        with page_errors(self._settings):
            return self._sandbox.run(
                render, request, plan, options, pixels, prepared, timeout_s=timeout
            )


def _remove(*paths: Path | None) -> None:
    for path in paths:
        if path is not None:
            path.unlink(missing_ok=True)
