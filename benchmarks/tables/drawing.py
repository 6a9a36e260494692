"""Draws tables on pages in the styles of books, word processors, statements and forms."""

from dataclasses import dataclass

import pymupdf

from benchmarks.tables.contents import Contents, Entry

_MARGIN, _WIDTH = 60.0, 475.0
_REGULAR = {"helv": "hebo", "tiro": "tibo"}


@dataclass(frozen=True)
class Style:
    """How a table looks."""

    font: str = "helv"
    size: float = 9.0
    #: Rules: "grid", "booktabs", "rows" (one under each row) or "none".
    rules: str = "grid"
    #: Whether every second row has a grey ground.
    banded: bool = False
    bold_header: bool = True
    centred: bool = False
    #: Space above and below the text of a row, in font sizes.
    padding: float = 0.4
    #: Widest column in points; longer cells wrap.
    widest: float = 170.0


@dataclass(frozen=True)
class _Placed:
    entry: Entry
    row: int
    column: int
    lines: tuple[str, ...]


def draw_table(page: pymupdf.Page, contents: Contents, style: Style, top: float) -> float:
    """Draw ``contents`` on ``page`` below ``top``; the bottom of the table, in points."""
    placed = _placed(contents, style)
    widths = _column_widths(placed, contents.columns, style)
    heights = _row_heights(placed, len(contents.rows), style)
    xs, ys = _edges(_MARGIN, widths), _edges(top, heights)
    _draw_ground(page, xs, ys, style)
    for one in placed:
        _draw_text(page, one, xs, ys, style)
    _draw_rules(page, placed, contents, xs, ys, style)
    return ys[-1]


def _placed(contents: Contents, style: Style) -> list[_Placed]:
    taken: set[tuple[int, int]] = set()
    placed = []
    for row, entries in enumerate(contents.rows):
        column = 0
        for entry in entries:
            while (row, column) in taken:
                column += 1
            placed.append(_Placed(entry, row, column, _wrapped(entry, style)))
            taken |= {
                (row + down, column + right)
                for down in range(entry.rowspan)
                for right in range(entry.colspan)
            }
            column += entry.colspan
    return placed


def _wrapped(entry: Entry, style: Style) -> tuple[str, ...]:
    limit = style.widest * entry.colspan - style.size
    lines = [""]
    for word in entry.text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _length(longer, entry, style) > limit:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def _length(text: str, entry: Entry, style: Style) -> float:
    return float(pymupdf.get_text_length(text, _font(entry, style), style.size))


def _font(entry: Entry, style: Style) -> str:
    return _REGULAR[style.font] if entry.header and style.bold_header else style.font


def _column_widths(placed: list[_Placed], columns: int, style: Style) -> list[float]:
    widths = [3 * style.size] * columns
    for one in sorted(placed, key=lambda one: one.entry.colspan):
        span = range(one.column, one.column + one.entry.colspan)
        needed = max(_length(line, one.entry, style) for line in one.lines) + 1.6 * style.size
        missing = needed - sum(widths[index] for index in span)
        for index in span:
            widths[index] += max(0.0, missing) / len(span)
    spare = max(0.0, (_WIDTH - sum(widths)) / columns)
    return [width + min(spare, 3 * style.size) for width in widths]


def _row_heights(placed: list[_Placed], rows: int, style: Style) -> list[float]:
    heights = [0.0] * rows
    for one in placed:
        lines = len(one.lines) if one.entry.rowspan == 1 else 1
        heights[one.row] = max(heights[one.row], style.size * (1.2 * lines + 2 * style.padding))
    return heights


def _edges(start: float, sizes: list[float]) -> list[float]:
    edges = [start]
    for size in sizes:
        edges.append(edges[-1] + size)
    return edges


def _draw_ground(page: pymupdf.Page, xs: list[float], ys: list[float], style: Style) -> None:
    for row in range(1, len(ys) - 1, 2) if style.banded else ():
        area = pymupdf.Rect(xs[0], ys[row], xs[-1], ys[row + 1])
        page.draw_rect(area, color=None, fill=(0.92, 0.92, 0.92))


def _draw_text(
    page: pymupdf.Page, one: _Placed, xs: list[float], ys: list[float], style: Style
) -> None:
    left, right = xs[one.column], xs[one.column + one.entry.colspan]
    top, bottom = ys[one.row], ys[one.row + one.entry.rowspan]
    height = 1.2 * style.size * len(one.lines)
    # A cell over several rows is centred in them, all others begin at the top.
    start = (
        (top + bottom - height) / 2 if one.entry.rowspan > 1 else top + style.padding * style.size
    )
    for index, line in enumerate(one.lines):
        length = _length(line, one.entry, style)
        x = left + 0.5 * style.size
        if one.entry.right:
            x = right - 0.5 * style.size - length
        elif (one.entry.colspan > 1 and one.entry.header) or style.centred:
            x = (left + right - length) / 2
        y = start + style.size * (1.2 * index + 0.95)
        page.insert_text((x, y), line, fontname=_font(one.entry, style), fontsize=style.size)


def _draw_rules(
    page: pymupdf.Page,
    placed: list[_Placed],
    contents: Contents,
    xs: list[float],
    ys: list[float],
    style: Style,
) -> None:
    if style.rules == "grid":
        for one in placed:
            corner = xs[one.column + one.entry.colspan], ys[one.row + one.entry.rowspan]
            page.draw_rect(pymupdf.Rect(xs[one.column], ys[one.row], *corner), width=0.6)
    elif style.rules == "rows":
        for y in ys:
            page.draw_line((xs[0], y), (xs[-1], y), width=0.5)
    elif style.rules == "booktabs":
        header = sum(any(entry.header for entry in row) for row in contents.rows[:2])
        for y, width in ((ys[0], 1.0), (ys[header], 0.5), (ys[-1], 1.0)):
            page.draw_line((xs[0], y), (xs[-1], y), width=width)
        _draw_rules_of_groups(page, placed, xs, ys)


def _draw_rules_of_groups(
    page: pymupdf.Page, placed: list[_Placed], xs: list[float], ys: list[float]
) -> None:
    for one in placed:
        if one.entry.header and one.entry.colspan > 1 and one.row == 0:
            ends = xs[one.column] + 3, xs[one.column + one.entry.colspan] - 3
            page.draw_line((ends[0], ys[1]), (ends[1], ys[1]), width=0.4)
