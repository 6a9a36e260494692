"""Generates a Chinese page with a title, paragraphs, a list and a table."""

from collections.abc import Iterator
from pathlib import Path

import pymupdf
from typesetting import CHINESE, Sheet, Style, font, save

TITLE = "怎样泡一壶好茶"
OPENING = (
    "茶叶、水和时间，是泡茶的三件大事。好茶不怕水热，怕的是水不干净；绿茶不怕水少，"
    "怕的是泡得太久。下面这些方法，是我们在2026年春天，用十二种茶叶试了三百多次以后写下来的。",
    "先说水。自来水最好放置一夜，或者烧开后多等一会儿。山泉水很好，但不必迷信。"
    "水温要看茶叶的老嫩：芽叶越嫩，水温越低。",
)
STEPS_TITLE = "一、四个步骤"
STEPS = (
    "温壶：把热水倒进空壶，转一圈，再倒掉。",
    "投茶：每100毫升水放3克茶叶。",
    "注水：沿着壶边慢慢倒，不要直冲茶叶。",
    "出汤：按时把茶倒出来，一滴也不要留在壶里。",
)
TABLE_TITLE = "二、水温与时间"
TABLE = (
    ("茶类", "水温", "第一泡", "可泡次数"),
    ("绿茶", "80℃", "60秒", "3次"),
    ("乌龙茶", "95℃", "30秒", "7次"),
    ("红茶", "90℃", "45秒", "5次"),
    ("普洱茶", "100℃", "20秒", "10次"),
)
CLOSING = (
    "表中的数字只是起点。喝茶的人不同，口味也不同：喜欢浓一些，就多等十秒；"
    "喜欢淡一些，就少放半克。最要紧的，是坐下来慢慢喝。"
)
BODY, HEADING = Style(font=CHINESE, size=12), Style(font=CHINESE, size=15)
#: Left margin, text width, distance of lines and height of table rows, in points.
LEFT, WIDTH, LEADING, ROW = 72, 451, 22, 26
#: Punctuation that must not begin a line.
_CLOSING_MARKS = "，。；：！？、）》”"


def make(path: Path) -> None:
    """Write the page to ``path``."""
    document = pymupdf.open()
    sheet = Sheet(document)
    sheet.text(297.5, 100, TITLE, Style(font=CHINESE, size=24), "centre")
    y = 150.0
    for text in OPENING:
        y = _paragraph(sheet, y, text)
    sheet.text(LEFT, y + 14, STEPS_TITLE, HEADING)
    y += 42
    for number, step in enumerate(STEPS, 1):
        sheet.text(LEFT + 12, y, f"{number}. {step}", BODY)
        y += LEADING
    sheet.text(LEFT, y + 14, TABLE_TITLE, HEADING)
    y = _table(sheet, y + 30)
    _paragraph(sheet, y + 34, CLOSING)
    sheet.text(297.5, 800, "第 1 页", Style(font=CHINESE, size=9), "centre")
    sheet.finish()
    save(document, path)


def _paragraph(sheet: Sheet, y: float, text: str) -> float:
    for number, line in enumerate(_lines(text)):
        sheet.text(LEFT + (24 if number == 0 else 0), y, line, BODY)
        y += LEADING
    return y + 8


def _lines(text: str) -> Iterator[str]:
    line, room = "", WIDTH - 24.0
    for letter in text:
        full = font(CHINESE).text_length(line + letter, BODY.size) > room
        if full and letter not in _CLOSING_MARKS:
            yield line
            line, room = "", float(WIDTH)
        line += letter
    yield line


def _table(sheet: Sheet, top: float) -> float:
    step = WIDTH / len(TABLE[0])
    for number, row in enumerate(TABLE):
        for column, cell in enumerate(row):
            middle = LEFT + step * (column + 0.5)
            sheet.text(middle, top + ROW * number + 18, cell, BODY, "centre")
    bottom = top + ROW * len(TABLE)
    for number in range(len(TABLE) + 1):
        sheet.rule(LEFT, top + ROW * number, WIDTH)
    for column in range(len(TABLE[0]) + 1):
        x = LEFT + step * column
        sheet.page.draw_line((x, top), (x, bottom), width=0.5)
    return bottom
