"""The size at which a page is to be rendered."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderSize:
    """A requested size; the limit ``max_page_pixels`` still applies."""

    #: Dots per inch of PDF pages; None: ``longest_side`` decides.
    dpi: int | None = None
    #: Maximum width and height in pixels; None: only the pixel limit applies.
    longest_side: int | None = None
