"""Computes the size at which a page is rendered."""

import math

from shared.rendering.render_size import RenderSize

POINTS_PER_INCH = 72
#: Resolution of ``exact`` and of pages for which neither engine nor options ask for one.
DEFAULT_DPI = 144
#: Maximum resolution at which a small PDF page is enlarged to ``longest_side``.
MAX_DPI = 600
#: Maximum pixels of a side, also of very narrow pages.
MAX_SIDE = 20_000
#: Minimum pixels of the longest side; smaller pages and images are enlarged.
MIN_LONGEST_SIDE = 64

Size = tuple[int, int]


def pdf_scale(width: float, height: float, size: RenderSize, exact: bool, max_pixels: int) -> float:
    """Pixels per point for a page of ``width`` x ``height`` points.

    It is the smaller of the scales for ``dpi`` and ``longest_side``; with ``exact`` always 144 dpi.
    Limits are applied last.
    """
    longest = max(width, height)
    scale = DEFAULT_DPI / POINTS_PER_INCH if exact else _planned(longest, size)
    scale = max(scale, MIN_LONGEST_SIDE / longest)
    # Slightly less, because fractions of pixels are rounded up.
    by_area = math.sqrt(max_pixels / (width * height)) * 0.999
    return min(scale, MAX_SIDE / longest, by_area)


def _planned(longest: float, size: RenderSize) -> float:
    by_side = size.longest_side / longest if size.longest_side else math.inf
    if size.dpi is None and size.longest_side is not None:
        return min(by_side, MAX_DPI / POINTS_PER_INCH)
    return min(by_side, (size.dpi or DEFAULT_DPI) / POINTS_PER_INCH)


def image_size(own: Size, stretch: tuple[float, float], size: RenderSize, max_pixels: int) -> Size:
    """Size in pixels at which an image of ``own`` pixels is rendered.

    Images are never enlarged, except tiny ones and by ``stretch``, which makes pixels square.
    ``size.dpi`` is ignored, because the resolution stored in scans is often wrong.
    """
    width, height = own[0] * stretch[0], own[1] * stretch[1]
    longest = max(width, height)
    scale = min(1.0, size.longest_side / longest if size.longest_side else 1.0)
    if longest < MIN_LONGEST_SIDE:
        scale = MIN_LONGEST_SIDE / longest
    scale = min(scale, MAX_SIDE / longest, math.sqrt(max_pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def square_pixels(dpi: tuple[float, float]) -> tuple[float, float]:
    """Factors for width and height that make pixels of ``dpi`` square, as in faxes.

    (1, 1) where ``dpi`` is square or implausible.
    """
    across, down = dpi
    if not (across > 0 and down > 0 and 1.2 < max(across, down) / min(across, down) < 4):
        return (1.0, 1.0)
    finest = max(across, down)
    return finest / across, finest / down
