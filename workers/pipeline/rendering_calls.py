"""The calls of a rendering process: importing them loads no library that draws.

A pages process names them, and only its helper processes import ``rendering_child`` with NumPy,
Pillow and PyMuPDF.
"""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import BBox
from shared.rendering.render_request import RenderRequest
from workers.engines.contract import RenderPlan, Rotation
from workers.pipeline.page_evidence import PageEvidence

#: The module that rendering processes import before their first call.
PRELOAD = ("workers.pipeline.rendering_child",)


@dataclass(frozen=True)
class RenderedPixels:
    """The size of a page whose pixels were written to a file; times in milliseconds."""

    width: int
    height: int
    blank: bool
    evidence: PageEvidence
    #: Includes the test for a blank page and writing the pixels.
    render_ms: float
    prepare_ms: float


def render(
    request: RenderRequest,
    plan: RenderPlan,
    options: PageOptions,
    pixels_file: Path,
    prepared_file: Path,
) -> RenderedPixels:
    """Write the page's RGB bytes to ``pixels_file`` and, unless it is blank, the engine's input.

    Raises RenderFailed, HelperUnavailable or MemoryError.
    """
    from workers.pipeline import rendering_child

    return rendering_child.render(request, plan, options, pixels_file, prepared_file)


def crop(request: RenderRequest, rotation: Rotation, boxes: tuple[BBox, ...]) -> list[bytes]:
    """PNG files of ``boxes``, on the rendered page turned clockwise by ``rotation``."""
    from workers.pipeline import rendering_child

    return rendering_child.crop(request, rotation, boxes)
