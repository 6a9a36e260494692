"""Draws the bars of docs/benchmarks.md from a result file.

usage: python -m benchmarks.gpu.chart gpu-benchmark.json docs/images/gpu.svg
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP = 820, 250, 190, 62
BAR, GAP = 26, 14
#: Display names of the parts and their colours.
SHOWN = {
    "recipe": ("vLLM recipe, offline", "#9a9a9a"),
    "fleet": ("pagefleet, whole fleet", "#2f6fb5"),
    "ceiling": ("engine alone", "#c4d7ec"),
    "two-engines": ("pagefleet, two GPUs", "#2f6fb5"),
    "tensor-parallel": ("one engine on two GPUs", "#9cb8d8"),
}
_STYLE = (
    "text{font:14px sans-serif;fill:#333}.title{font-size:17px}.small{font-size:12px;fill:#777}"
)


@dataclass(frozen=True)
class Bar:
    """One bar of the chart."""

    name: str
    colour: str
    speed: float
    note: str


def draw(result: dict[str, Any]) -> str:
    """The chart as SVG."""
    bars = list(_bars(result))
    longest = max((bar.speed for bar in bars), default=1.0)
    height = TOP + len(bars) * (BAR + GAP) + 24
    title = f"Pages per second, {result['tokens']} output tokens a page"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f'<style>{_STYLE}</style><rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="16" y="28">{escape(title)}</text>',
        f'<text class="small" x="16" y="48">{escape(_machine(result))}</text>',
    ]
    for place, bar in enumerate(bars):
        lines += _svg_lines(bar, TOP + place * (BAR + GAP), longest)
    return "\n".join([*lines, "</svg>", ""])


def _bars(result: dict[str, Any]) -> Iterator[Bar]:
    recipe = result["parts"].get("recipe", {}).get("pages_per_s")
    for part, (name, colour) in SHOWN.items():
        speed = result["parts"].get(part, {}).get("pages_per_s")
        if speed:
            yield Bar(name, colour, speed, _note(result["parts"][part], speed, recipe))


def _note(found: dict[str, Any], speed: float, recipe: float | None) -> str:
    busy = found["usage"].get("gpu_busy")
    ratio = f"{speed / recipe:.1f} x recipe" if recipe else ""
    share = f"GPU {busy:.0%} busy" if busy is not None else ""
    return ", ".join(part for part in (ratio, share) if part)


def _svg_lines(bar: Bar, top: int, longest: float) -> list[str]:
    long = round(bar.speed / longest * (WIDTH - LEFT - RIGHT))
    middle = top + BAR * 0.7
    label = f"{bar.speed:.1f}"
    return [
        f'<text x="{LEFT - 12}" y="{middle}" text-anchor="end">{escape(bar.name)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{long}" height="{BAR}" fill="{bar.colour}"/>',
        f'<text x="{LEFT + long + 8}" y="{middle}">{label}</text>',
        f'<text class="small" x="{LEFT + long + 50}" y="{middle}">{escape(bar.note)}</text>',
    ]


def _machine(result: dict[str, Any]) -> str:
    gpus = result["machine"] or ["no GPU"]
    versions = result["versions"]
    named = [f"{name} {versions[name]}" for name in ("vllm", "torch") if name in versions]
    return ", ".join([result["date"], gpus[0], f"{result['cores']} cores", *named])


def main() -> int:
    """Read the result and write the chart."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.write_text(draw(json.loads(source.read_text())), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
