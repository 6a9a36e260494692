"""How large a page is drawn: pure arithmetic on sizes."""

import math

from shared.rendering.render_size import RenderSize

POINTS_PER_INCH = 72
#: Resolution where neither engine nor user asks for one, and that of ``exact``.
DEFAULT_DPI = 144
#: A tiny PDF page is not blown up beyond this by a wish for many pixels.
MAX_DPI = 600
#: No page gets a longer side, however thin it is.
MAX_SIDE = 20_000
#: The longest side of a tiny page or image is enlarged to this many pixels.
MIN_LONGEST_SIDE = 64

Size = tuple[int, int]


def pdf_scale(width: float, height: float, wish: RenderSize, exact: bool, max_pixels: int) -> float:
    """Pixels per point for a page of ``width`` x ``height`` points.

    The smaller of what ``dpi`` and ``longest_side`` ask for; ``exact`` means 144 dpi and
    nothing else. Limits come last.
    """
    longest = max(width, height)
    scale = DEFAULT_DPI / POINTS_PER_INCH if exact else _planned(longest, wish)
    scale = max(scale, MIN_LONGEST_SIDE / longest)
    # A little less, as a started pixel is a whole one.
    by_area = math.sqrt(max_pixels / (width * height)) * 0.999
    return min(scale, MAX_SIDE / longest, by_area)


def _planned(longest: float, wish: RenderSize) -> float:
    by_side = wish.longest_side / longest if wish.longest_side else math.inf
    if wish.dpi is None and wish.longest_side is not None:
        return min(by_side, MAX_DPI / POINTS_PER_INCH)
    return min(by_side, (wish.dpi or DEFAULT_DPI) / POINTS_PER_INCH)


def image_size(own: Size, stretch: tuple[float, float], wish: RenderSize, max_pixels: int) -> Size:
    """Pixels of a page image that has ``own`` pixels.

    Never more than its own, but for a tiny image and for ``stretch``, which makes its pixels
    square. ``wish.dpi`` does not count: what a scan says of its resolution is often wrong.
    """
    width, height = own[0] * stretch[0], own[1] * stretch[1]
    longest = max(width, height)
    scale = min(1.0, wish.longest_side / longest if wish.longest_side else 1.0)
    if longest < MIN_LONGEST_SIDE:
        scale = MIN_LONGEST_SIDE / longest
    scale = min(scale, MAX_SIDE / longest, math.sqrt(max_pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def square_pixels(dpi: tuple[float, float]) -> tuple[float, float]:
    """Factors that make pixels of ``dpi`` square, as faxes need it; (1, 1) if implausible."""
    across, down = dpi
    if not (across > 0 and down > 0 and 1.2 < max(across, down) / min(across, down) < 4):
        return (1.0, 1.0)
    finest = max(across, down)
    return finest / across, finest / down
