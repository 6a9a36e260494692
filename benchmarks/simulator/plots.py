"""Draws lines as SVG."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 820, 420
LEFT, RIGHT, TOP, BOTTOM = 90, 190, 62, 60
COLOURS = ("#2f6fb5", "#d1783c", "#4c9a5b", "#8a5fb0", "#b04a4a", "#9a9a9a")
_STYLE = (
    "text{font:13px sans-serif;fill:#333}.title{font-size:17px}.small{font-size:12px;fill:#777}"
    "path{fill:none;stroke-width:2}.grid{stroke:#ddd;stroke-width:1}"
)


@dataclass(frozen=True)
class Line:
    """A named line through points (x, y); x and y are positive on logarithmic axes."""

    name: str
    points: tuple[tuple[float, float], ...]
    dashed: bool = False


@dataclass(frozen=True)
class Plot:
    """Lines with axes, which are logarithmic where told."""

    title: str
    across: str
    up: str
    lines: tuple[Line, ...]
    log_x: bool = True
    log_y: bool = True


def draw(plot: Plot) -> str:
    """The plot as SVG."""
    points = [point for line in plot.lines for point in line.points]
    across = _Axis([x for x, _ in points], LEFT, WIDTH - RIGHT, log=plot.log_x)
    up = _Axis([y for _, y in points], HEIGHT - BOTTOM, TOP, log=plot.log_y)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f'<style>{_STYLE}</style><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="16" y="28">{escape(plot.title)}</text>',
        f'<text class="small" x="16" y="50">{escape(plot.up)}</text>',
        f'<text class="small" x="{WIDTH - RIGHT}" y="{HEIGHT - 16}" text-anchor="end">'
        f"{escape(plot.across)}</text>",
        *_grid(across, up),
    ]
    for number, line in enumerate(plot.lines):
        svg += _svg_lines(line, COLOURS[number % len(COLOURS)], across, up, number)
    return "\n".join([*svg, "</svg>", ""])


class _Axis:
    """Maps values to places; its ends are round numbers."""

    def __init__(self, values: list[float], start: float, end: float, *, log: bool) -> None:
        self._start, self._end, self._log = start, end, log
        low, high = min(values), max(values)
        if log:
            self.ticks = _powers(low, high)
        else:
            step = _round_step((high - min(0.0, low)) / 5 or 1.0)
            self.ticks = [step * number for number in range(math.ceil(high / step) + 1)]
        self._low, self._high = self._scaled(self.ticks[0]), self._scaled(self.ticks[-1])

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def place(self, value: float) -> float:
        """The coordinate of a value."""
        share = (self._scaled(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)


def _powers(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _grid(across: _Axis, up: _Axis) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in across.ticks:
        x = across.place(tick)
        yield f'<path class="grid" d="M{x} {TOP}V{bottom}"/>'
        yield f'<text x="{x}" y="{bottom + 20}" text-anchor="middle">{_shown(tick)}</text>'
    for tick in up.ticks:
        y = up.place(tick)
        yield f'<path class="grid" d="M{LEFT} {y}H{right}"/>'
        yield f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{_shown(tick)}</text>'


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:g}"


def _svg_lines(line: Line, colour: str, across: _Axis, up: _Axis, number: int) -> list[str]:
    places = [f"{across.place(x)} {up.place(y)}" for x, y in line.points]
    dash = ' stroke-dasharray="6 4"' if line.dashed else ""
    x, y = WIDTH - RIGHT + 16, TOP + 10 + 24 * number
    return [
        f'<path d="M{"L".join(places)}" stroke="{colour}"{dash}/>',
        f'<path d="M{x} {y}H{x + 22}" stroke="{colour}"{dash}/>',
        f'<text x="{x + 30}" y="{y + 4}">{escape(line.name)}</text>',
    ]
