"""Draws what a page costs against corpus size, document size and workers, as SVG."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log10
from xml.sax.saxutils import escape

from benchmarks.scale.values import Case, Cost

WIDTH, HEIGHT, MARGIN, GAP = 300, 240, 56, 40
_COLOURS = ("#2f6fb5", "#c46a2b", "#4b8f4b", "#9a9a9a")
_STYLE = "text{font:12px sans-serif;fill:#333}.title{font-size:14px}"


@dataclass(frozen=True)
class Axis:
    """One panel: the quantity on the x axis, which all other quantities of a line share."""

    title: str
    of: Callable[[Case], int]
    others: Callable[[Case], tuple[object, ...]]


AXES = (
    Axis("pages of the corpus", lambda c: c.pages, lambda c: (c.document_pages, c.workers)),
    Axis("pages of a document", lambda c: c.document_pages, lambda c: (c.pages, c.workers)),
    Axis("workers", lambda c: c.workers, lambda c: (c.pages, c.document_pages)),
)
Line = tuple[str, list[tuple[int, float]]]


def draw(costs: Sequence[Cost]) -> str:
    """One panel for each axis; milliseconds of CPU a page on the y axis."""
    most = max((cost.ms for cost in costs), default=1.0) * 1.1
    width = len(AXES) * (WIDTH + GAP) + MARGIN
    panels = [
        line
        for place, axis in enumerate(AXES)
        for line in _panel(axis, lines_of(axis, costs), MARGIN + place * (WIDTH + GAP), most)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT + 110}">',
            f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
            '<text class="title" x="16" y="24">CPU milliseconds a page</text>',
            *panels,
            "</svg>\n",
        ]
    )


def lines_of(axis: Axis, costs: Sequence[Cost]) -> list[Line]:
    """The points of each code and store that differ in this axis only; best of equal ones."""
    groups: dict[tuple[object, ...], dict[int, float]] = {}
    for cost in costs:
        key = (cost.code, cost.case.store, *axis.others(cost.case))
        points = groups.setdefault(key, {})
        x = axis.of(cost.case)
        points[x] = min(cost.ms, points.get(x, cost.ms))
    longest: dict[str, list[tuple[int, float]]] = {}
    for key, points in groups.items():
        name = f"{key[0]}, {key[1]}"
        if len(points) > max(1, len(longest.get(name, []))):
            longest[name] = sorted(points.items())
    return sorted(longest.items())


def _panel(axis: Axis, lines: Sequence[Line], left: int, most: float) -> Iterator[str]:
    top, bottom = 44, 44 + HEIGHT
    xs = sorted({x for _, points in lines for x, _ in points}) or [1]
    yield f'<path d="M{left} {top}V{bottom}H{left + WIDTH}" fill="none" stroke="#999"/>'
    yield _text(axis.title, left + WIDTH // 2, bottom + 34, "middle")
    for x in xs:
        yield _text(f"{x:,}", _place(x, xs, left), bottom + 16, "middle")
    for value in (0.0, most / 2, most):
        yield _text(f"{value:.1f}", left - 6, bottom - value / most * HEIGHT + 4, "end")
    for number, (name, points) in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(_place(x, xs, left), bottom - y / most * HEIGHT) for x, y in points]
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>' for x, y in places)
        yield _text(name, left + 8, bottom + 52 + 14 * number, "start", colour)


def _place(x: int, xs: Sequence[int], left: int) -> float:
    """On a logarithmic axis from the first to the last of ``xs``."""
    low, high = log10(xs[0]), log10(xs[-1])
    share = 0.5 if high == low else (log10(x) - low) / (high - low)
    return left + 20 + share * (WIDTH - 40)


def _text(text: str, x: float, y: float, anchor: str, colour: str = "#333") -> str:
    style = f'text-anchor="{anchor}" style="fill:{colour}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'
