"""How large somebody wants a page drawn."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RenderSize:
    """Pixels stay under the deployment's own limit, whatever is wished."""

    #: Dots per inch for PDF pages; None where ``longest_side`` decides alone.
    dpi: int | None = None
    #: Largest width or height in pixels; None for no bound but the pixel limit.
    longest_side: int | None = None
