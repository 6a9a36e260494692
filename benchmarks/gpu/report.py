"""The table that the benchmark prints."""

from collections.abc import Iterator
from typing import Any

HEAD = ("", "pages/s", "tokens/s", "x recipe", "GPU busy", "cores", "GiB", "per million")
#: Parts that use two GPUs.
TWO_GPUS = ("two-engines", "tensor-parallel")
STAGES = ("fetch", "render", "prepare", "engine", "parse", "store")


def table(result: dict[str, Any]) -> str:
    """One line per measurement, then the fleet's time in each stage, then the failures."""
    rows = [HEAD, *(_row(result, *line) for line in _lines(result["parts"]))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    shown = [_aligned(row, widths) for row in rows]
    more = (_stage_lines, _acceptance_lines, _failures)
    return "\n".join([*shown, "", *(line for lines in more for line in lines(result["parts"]))])


def _acceptance_lines(parts: dict[str, Any]) -> Iterator[str]:
    """New tokens of a step by kind of page, with no and with some tokens replaced."""
    for kind, found in parts.get("acceptance", {}).get("kinds", {}).items():
        shares = found["tokens_per_step"].items()
        steps = ", ".join(f"{mean} at {float(share):.0%}" for share, mean in shares)
        yield f"{kind}, {found['pages']} pages: tokens a step with so many replaced: {steps}"


def _lines(parts: dict[str, Any]) -> Iterator[tuple[int, str, float | None, dict[str, Any]]]:
    """(GPUs, name, pages/s, result) of every line."""
    for name, found in parts.items():
        if "pages_per_s" in found:
            gpus = 2 if name in TWO_GPUS else 1
            yield from ((gpus, *line) for line in _lines_of(name, found))


def _lines_of(name: str, found: dict[str, Any]) -> Iterator[tuple[str, float, dict[str, Any]]]:
    yield f"{name}, {found['pages']} pages", found["pages_per_s"], found
    if found.get("pages_per_s_with_drawing"):
        yield "  with rendering on one core", found["pages_per_s_with_drawing"], {}
    if found.get("steady_pages_per_s"):
        yield _steady(found)
    for size in found.get("sizes", {}).values():
        yield f"  {size['pages']} pages", size["pages_per_s"], size
        if size.get("steady_pages_per_s"):
            yield _steady(size)


def _steady(found: dict[str, Any]) -> tuple[str, float, dict[str, Any]]:
    usage = {"usage": found["steady_usage"]}
    return f"    {found['pages']}, steady part", found["steady_pages_per_s"], usage


def _row(
    result: dict[str, Any], gpus: int, name: str, speed: float | None, found: dict[str, Any]
) -> tuple[str, ...]:
    recipe = result["parts"].get("recipe", {}).get("pages_per_s")
    usage = found.get("usage", {})
    price = result.get("price")
    return (
        name,
        _number(speed, 2),
        _number(found.get("tokens_per_s"), 0),
        _number(speed / recipe if speed and recipe else None, 2),
        "-" if usage.get("gpu_busy") is None else f"{usage['gpu_busy']:.0%}",
        _number(usage.get("cores"), 1),
        _number(usage.get("peak_private_gib"), 1),
        _number(cost_per_million(price, speed, gpus), 0),
    )


def cost_per_million(price: float | None, speed: float | None, gpus: int) -> float | None:
    """Cost of a million pages at ``price`` per GPU hour."""
    return price * gpus / 3600 / speed * 1_000_000 if price and speed else None


def _stage_lines(parts: dict[str, Any]) -> Iterator[str]:
    for name, found in parts.items():
        stages = found.get("stages_ms")
        if stages:
            yield f"{name}, ms per page: " + ", ".join(f"{s} {stages[s]:.0f}" for s in STAGES)


def _failures(parts: dict[str, Any]) -> Iterator[str]:
    for name, found in parts.items():
        if "error" in found:
            yield f"{name}: {found['error']}"
        if found.get("errors") or found.get("complete") is False:
            yield f"{name}: not complete, errors {found.get('errors')}"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    first = row[0].ljust(widths[0])
    return "  ".join([first, *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))])
