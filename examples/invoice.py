"""Generates an invoice with two addresses, a ruled table and sums."""

from pathlib import Path

import pymupdf
from typesetting import SANS, SANS_BOLD, Frame, Sheet, Style, save

PLAIN = Style(font=SANS, size=9.5, leading=13, justified=False)
STRONG = Style(font=SANS_BOLD, size=9.5)
SMALL = Style(font=SANS, size=8)
ITEMS = (
    ("Oak shelf, oiled, 120 × 30 cm", 4, 68.50),
    ("Wall bracket, black steel", 8, 7.25),
    ("Reading lamp with brass arm", 2, 84.00),
    ("Delivery and fitting", 1, 55.00),
)
TAX = 0.20
#: Edges of the table's columns, in points.
EDGES = (60, 290, 350, 440, 535)
#: Height of a table row, in points.
ROW = 24


def make(path: Path) -> None:
    """Write the invoice to ``path``."""
    document = pymupdf.open()
    sheet = Sheet(document)
    sheet.text(60, 84, "Invoice", Style(font=SANS_BOLD, size=26))
    sheet.text(535, 76, "Larch & Daughter", Style(font=SANS_BOLD, size=12), "right")
    sheet.text(535, 90, "Cabinet makers since 1987", PLAIN, "right")
    _addresses(sheet)
    y = _table(sheet, 268)
    _sums(sheet, y)
    terms = (
        "Please pay within 14 days to the account below and name the number of the invoice. "
        "Goods remain ours until they are paid for. Returns are welcome for 30 days."
    )
    sheet.text(60, 560, "Terms", Style(font=SANS_BOLD, size=11))
    sheet.paragraph(Frame(60, 578, 475), terms, PLAIN)
    footer = "Larch & Daughter, 7 Mill Lane, Ashcombe · Account 00 1234 5678 · Page 1 of 1"
    sheet.rule(60, 786, 475, 0.4)
    sheet.text(297.5, 800, footer, SMALL, "centre")
    sheet.finish()
    save(document, path)


def _addresses(sheet: Sheet) -> None:
    left = ("Billed to", "Northgate School Library", "2 Abbey Road", "Ashcombe AC1 4QT")
    right = (
        ("Number", "2026-0117"),
        ("Date", "14 January 2026"),
        ("Due", "28 January 2026"),
    )
    for number, line in enumerate(left):
        sheet.text(60, 176 + 14 * number, line, STRONG if number == 0 else PLAIN)
    for number, (name, value) in enumerate(right):
        sheet.text(535, 112 + 14 * number, f"{name}: {value}", PLAIN, "right")


def _table(sheet: Sheet, top: float) -> float:
    """Write the items with lines around every cell; returns the lower edge in points."""
    rows = [("Item", "Quantity", "Price (€)", "Amount (€)")]
    rows += [(name, str(n), f"{price:.2f}", f"{n * price:.2f}") for name, n, price in ITEMS]
    for number, row in enumerate(rows):
        style = STRONG if number == 0 else PLAIN
        baseline = top + ROW * number + 16
        sheet.text(EDGES[0] + 6, baseline, row[0], style)
        for edge, cell in zip(EDGES[2:], row[1:], strict=True):
            sheet.text(edge - 6, baseline, cell, style, "right")
    bottom = top + ROW * len(rows)
    for number in range(len(rows) + 1):
        sheet.rule(EDGES[0], top + ROW * number, EDGES[-1] - EDGES[0], 0.6)
    for edge in EDGES:
        sheet.page.draw_line((edge, top), (edge, bottom), width=0.6)
    return bottom


def _sums(sheet: Sheet, top: float) -> None:
    net = sum(number * price for _, number, price in ITEMS)
    sums = (("Net", net), (f"VAT {TAX:.0%}", net * TAX), ("Total", net * (1 + TAX)))
    for number, (name, amount) in enumerate(sums):
        style = STRONG if name == "Total" else PLAIN
        baseline = top + 26 + 18 * number
        sheet.text(EDGES[-2] - 6, baseline, name, style, "right")
        sheet.text(EDGES[-1] - 6, baseline, f"{amount:.2f}", style, "right")
