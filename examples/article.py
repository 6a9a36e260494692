"""Generates a two-column article of two pages with a table, a figure and a formula."""

from pathlib import Path
from random import Random

import pymupdf
from typesetting import BOLD, ITALIC, ROMAN, SOFT_HYPHEN, Frame, Sheet, Style, save

#: The two columns, and the width of both with their gutter, in points.
LEFT, RIGHT, WIDTH = Frame(54, 250, 235), Frame(306, 250, 235), 487
BODY = Style(size=11, leading=14, indent=11)
FIRST = Style(size=11, leading=14)
SMALL = Style(size=9, leading=11)
HEADING = Style(font=BOLD, size=12.5)
JOURNAL = "Journal of Kitchen Hydrology 7 (2026)"

#: In all texts, "|" marks a place where a word may be hyphenated.
ABSTRACT = (
    "We weigh rain. A kitchen scale under a cake tin, read once a minute, gives the rate of "
    "rainfall to within three per cent of a tipping-bucket gauge that costs forty times as much. "
    "Wind matters more than the scale does. We describe the instrument, how its readings become "
    "milli|metres, and what eight weeks in a garden taught us."
)
INTRODUCTION = (
    "Rain gauges are either cheap and read by hand, or auto|matic and dear. Schools that want to "
    "follow a storm while it passes over their roof can seldom afford the second kind. Yet most "
    "of them own an instru|ment of remark|able precision: the electronic kitchen scale.",
    "A good scale resolves one tenth of a gram. Spread over the opening of a cake tin of "
    "26 centi|metres, that is two thousandths of a milli|metre of rain, finer than any bucket "
    "that tips. The question is whether a scale stays honest out of doors, in wind, sun and cold.",
)
METHOD = (
    "The tin stands on the scale in a box that is open at the top. A camera reads the display "
    "every minute; nothing in the scale is changed. At midnight the tin is emptied and the zero "
    "is taken anew.",
    "The depth of rain follows from the mass of the water, its density and the area of the "
    "opening:",
)
METHOD_END = (
    "Here m is the mass of the water, ρ its density and d the diameter of the tin. Evapo|ration "
    "was found from the two dry weeks and taken off."
)
RESULTS = (
    "Table 1 compares weekly sums with those of the reference gauge of the weather station in "
    "the next street. The tin caught a little less in every week, and least in the week of the "
    "storm.",
    "Figure 1 shows one evening of that week. The scale follows the reference closely until "
    "the gusts begin, and then falls behind: drops that would land in the tin are carried past "
    "it. A ring of cloth around the box halved the loss.",
)
DISCUSSION = (
    "The error of the scale itself is small beside that of the wind. We therefore advise "
    "shelter before pre|cision. Three rules kept our instru|ment working:",
)
RULES = (
    "weigh the empty tin every midnight;",
    "shade the display, or the camera reads the sun;",
    "keep snails away with a strip of copper.",
)
CONCLUSION = (
    "A cake tin and a scale measure rain well enough for a class|room and, with shelter, for "
    "more. Readings, drawings and the recipe for the cake are free to use."
)
TABLE = (
    ("Week", "Scale (mm)", "Gauge (mm)", "Loss (%)"),
    ("1", "12.4", "12.6", "1.6"),
    ("2", "0.0", "0.0", "–"),
    ("3", "31.7", "32.5", "2.5"),
    ("4", "8.9", "9.1", "2.2"),
    ("5", "54.2", "58.8", "7.8"),
    ("6", "17.3", "17.7", "2.3"),
)


def make(path: Path, random: Random) -> None:
    """Write the article to ``path``."""
    document = pymupdf.open()
    _first_page(Sheet(document))
    _second_page(Sheet(document), random)
    save(document, path)


def _first_page(sheet: Sheet) -> None:
    _furniture(sheet, 41)
    sheet.text(297.5, 112, "Weighing the Rain", Style(font=BOLD, size=22), "centre")
    sheet.text(297.5, 136, "A kitchen scale as a rain gauge", Style(font=ITALIC, size=13), "centre")
    sheet.text(297.5, 162, "Ada Brook and Tomas Weir", Style(size=11), "centre")
    sheet.text(297.5, 176, "Garden Observatory, Millbridge", Style(font=ITALIC, size=9), "centre")
    abstract = Style(size=9, leading=11)
    sheet.text(297.5, 200, "Abstract", Style(font=BOLD, size=9.5), "centre")
    _paragraphs(sheet, Frame(96, 214, 403), (ABSTRACT,), abstract)
    y = _section(sheet, Frame(LEFT.left, 286, LEFT.width), "1 Introduction", INTRODUCTION)
    y = _section(sheet, Frame(LEFT.left, y, LEFT.width), "2 Method", METHOD)
    y = _formula(sheet, Frame(LEFT.left, y + 12, LEFT.width))
    _paragraphs(sheet, Frame(LEFT.left, y, LEFT.width), (METHOD_END,), FIRST)
    y = _section(sheet, Frame(RIGHT.left, 286, RIGHT.width), "3 Results", RESULTS)
    _table(sheet, Frame(RIGHT.left, y + 10, RIGHT.width))
    sheet.finish()


def _second_page(sheet: Sheet, random: Random) -> None:
    _furniture(sheet, 42)
    y = _figure(sheet, Frame(LEFT.left, 90, WIDTH), random)
    left, right = Frame(LEFT.left, y + 26, LEFT.width), Frame(RIGHT.left, y + 26, RIGHT.width)
    y = _section(sheet, left, "4 Discussion", DISCUSSION)
    for number, rule in enumerate(RULES, 1):
        sheet.text(left.left + 8, y, f"{number}.", FIRST)
        y = sheet.paragraph(Frame(left.left + 24, y, left.width - 24), rule, FIRST)
    _section(sheet, right, "5 Conclusion", (CONCLUSION,))
    sheet.finish()


def _furniture(sheet: Sheet, number: int) -> None:
    sheet.text(54, 44, JOURNAL, Style(font=ITALIC, size=8.5))
    sheet.text(541, 44, "Brook and Weir", Style(font=ITALIC, size=8.5), "right")
    sheet.rule(54, 50, WIDTH, 0.4)
    sheet.text(297.5, 806, str(number), Style(size=9), "centre")


def _section(sheet: Sheet, frame: Frame, title: str, texts: tuple[str, ...]) -> float:
    sheet.text(frame.left, frame.top, title, HEADING)
    below = Frame(frame.left, frame.top + 18, frame.width)
    return _paragraphs(sheet, below, texts[:1], FIRST, texts[1:]) + 14


def _paragraphs(
    sheet: Sheet, frame: Frame, texts: tuple[str, ...], style: Style, more: tuple[str, ...] = ()
) -> float:
    y = frame.top
    for text, text_style in [(text, style) for text in texts] + [(text, BODY) for text in more]:
        place = Frame(frame.left, y, frame.width)
        y = sheet.paragraph(place, text.replace("|", SOFT_HYPHEN), text_style)
    return y


def _formula(sheet: Sheet, frame: Frame) -> float:
    """Write the formula h = 4m / (πρd²) with its number; returns the next baseline."""
    middle, y = frame.left + frame.width / 2, frame.top
    italic = Style(font=ITALIC, size=12)
    sheet.text(middle - 34, y + 4, "h =", italic)
    sheet.text(middle, y - 3, "4m", italic, "centre")
    sheet.rule(middle - 15, y + 1, 30)
    end = sheet.text(middle - 12, y + 12, "πρd", italic)
    sheet.text(end, y + 8, "2", Style(size=7))
    sheet.text(frame.left + frame.width, y + 4, "(1)", FIRST, "right")
    return y + 32


def _table(sheet: Sheet, frame: Frame) -> None:
    caption = "Table 1. Rain in six weeks, and how much of it the tin missed."
    y = sheet.paragraph(frame, caption, SMALL) + 2
    sheet.rule(frame.left, y - 8, frame.width, 0.9)
    edges = [frame.left + 30, frame.left + 102, frame.left + 170, frame.left + frame.width - 6]
    for number, row in enumerate(TABLE):
        style = Style(font=BOLD if number == 0 else ROMAN, size=10)
        for edge, cell in zip(edges, row, strict=True):
            sheet.text(edge, y + 4, cell, style, "right")
        y += 15
        if number == 0:
            sheet.rule(frame.left, y - 7, frame.width)
    sheet.rule(frame.left, y - 7, frame.width, 0.9)


def _figure(sheet: Sheet, frame: Frame, random: Random) -> float:
    """Draw two curves of cumulative rain over an evening; returns the caption's baseline."""
    box = pymupdf.Rect(frame.left + 60, frame.top, frame.left + frame.width - 20, frame.top + 190)
    page = sheet.page
    for step in range(5):
        y = box.y1 - step * box.height / 4
        page.draw_line((box.x0, y), (box.x1, y), color=(0.85, 0.85, 0.85), width=0.5)
        sheet.text(box.x0 - 6, y + 3, str(5 * step), Style(size=8), "right")
        x = box.x0 + step * box.width / 4
        sheet.text(x, box.y1 + 12, f"{18 + step}:00", Style(size=8), "centre")
    for share, color in ((1.0, (0.1, 0.3, 0.6)), (0.86, (0.8, 0.35, 0.1))):
        page.draw_polyline(_curve(box, share, random), color=color, width=1.4)
    page.draw_rect(box, color=(0.3, 0.3, 0.3), width=0.6)
    sheet.text(box.x1 - 110, box.y0 + 40, "gauge", Style(font=ITALIC, size=9))
    sheet.text(box.x1 - 60, box.y0 + 74, "scale", Style(font=ITALIC, size=9))
    caption = "Figure 1. Rain (mm) since six in the evening, by the scale and by the gauge."
    sheet.text(frame.left + frame.width / 2, box.y1 + 32, caption, SMALL, "centre")
    return box.y1 + 32


def _curve(box: pymupdf.Rect, share: float, random: Random) -> list[tuple[float, float]]:
    points, fallen = [], 0.0
    for step in range(61):
        rate = 0.6 + (step > 25) * 1.4 + random.random() * 0.5
        fallen += rate * (share if step > 25 else 1.0) * 0.2
        points.append((box.x0 + step * box.width / 60, box.y1 - box.height * fallen / 22))
    return points
