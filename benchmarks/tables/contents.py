"""Invents the contents of tables: words, numbers, headers, spans and sections."""

import random
from dataclasses import dataclass

_NOUNS = (
    *("boat", "bridge", "candle", "cellar", "ditch", "engine", "ferry", "flour", "garden"),
    *("harbour", "hedge", "kettle", "ladder", "lamp", "meadow", "mill", "needle", "orchard"),
    *("paper", "pebble", "pond", "quarry", "rope", "saddle", "shelf", "stove", "tent", "tower"),
    *("valley", "wagon", "well"),
)
_ADJECTIVES = (
    *("blue", "broad", "cold", "dry", "early", "fine", "green", "heavy", "late", "light", "long"),
    *("old", "plain", "small"),
)
_MEASURES = ("Price", "Weight", "Length", "Stock", "Sold", "Share", "2024", "2025", "2026", "Q1")


@dataclass(frozen=True)
class Entry:
    """One cell; a header cell, a cell over several columns or rows, or a cell of numbers."""

    text: str
    header: bool = False
    colspan: int = 1
    rowspan: int = 1
    right: bool = False


@dataclass(frozen=True)
class Contents:
    """The rows of a table; cells that a span of another row covers are left out."""

    rows: tuple[tuple[Entry, ...], ...]
    columns: int


class Inventor:
    """Invents tables; the same seed invents the same tables."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def name(self, most: int = 3) -> str:
        """A few words with a capital letter."""
        count = self.random.randint(1, most)
        words = [self.random.choice(_ADJECTIVES) for _ in range(count - 1)]
        return " ".join((*words, self.random.choice(_NOUNS))).capitalize()

    def number(self) -> str:
        """A number in one of the forms that tables have."""
        value = self.random.randint(2, 99_999)
        forms = (f"{value:,}", f"{value / 100:.2f}", f"{value % 100}", f"{value % 1000 / 10:.1f} %")
        return self.random.choice(forms)

    def money(self) -> str:
        """An amount; negative ones stand in brackets."""
        value = self.random.randint(1_000, 999_999)
        return f"({value:,})" if self.random.random() < 0.25 else f"{value:,}"

    def plain(self, long_cells: bool = False) -> Contents:
        """A header and rows, the first column with names, the others with numbers or words."""
        columns, rows = self.random.randint(3, 6), self.random.randint(4, 10)
        texts = [self.random.random() < 0.3 for _ in range(columns - 1)]
        most = 7 if long_cells else 3
        header = tuple(Entry(name, True) for name in self._headers(columns))
        body = []
        for _ in range(rows):
            cells = [
                Entry(self.name(most)) if text else Entry(self.number(), right=True)
                for text in texts
            ]
            body.append((Entry(self.name(most)), *cells))
        return Contents((header, *body), columns)

    def grouped(self) -> Contents:
        """Two header rows: groups of columns over their names; the first cell spans both."""
        groups = self.random.randint(2, 3)
        columns = 1 + 2 * groups
        names = self._headers(columns)
        top = [Entry(names[0], True, rowspan=2)]
        top += [Entry(self.name(2), True, colspan=2) for _ in range(groups)]
        second = tuple(Entry(name, True) for name in names[1:])
        body = [
            (Entry(self.name()), *(Entry(self.number(), right=True) for _ in names[1:]))
            for _ in range(self.random.randint(4, 8))
        ]
        return Contents((tuple(top), second, *body), columns)

    def statement(self) -> Contents:
        """A financial statement: sections, amounts of two or three years, totals."""
        years = self.random.randint(2, 3)
        rows = [(Entry("", True), *(Entry(str(2026 - i), True, right=True) for i in range(years)))]
        for _ in range(self.random.randint(1, 3)):
            rows.append((Entry(self.name(2), True, colspan=years + 1),))
            count = self.random.randint(2, 4)
            rows += [self._amounts(self.name(), years) for _ in range(count)]
            rows.append(self._amounts(f"Total {self.name(1).lower()}", years))
        return Contents(tuple(rows), years + 1)

    def form(self) -> Contents:
        """Labels and values in a grid of four columns, some values empty or wide."""
        rows: list[tuple[Entry, ...]] = []
        for _ in range(self.random.randint(4, 8)):
            if self.random.random() < 0.25:
                rows.append((Entry(self.name(2)), Entry(self.name(4), colspan=3)))
                continue
            value = self.name(3) if self.random.random() < 0.8 else ""
            rows.append(
                (Entry(self.name(2)), Entry(self.number()), Entry(self.name(2)), Entry(value))
            )
        return Contents(tuple(rows), 4)

    def _amounts(self, label: str, years: int) -> tuple[Entry, ...]:
        return (Entry(label), *(Entry(self.money(), right=True) for _ in range(years)))

    def _headers(self, columns: int) -> list[str]:
        measures = self.random.sample(_MEASURES, k=min(columns - 1, len(_MEASURES)))
        return [self.random.choice(("Item", "Name", "Kind", "Place")), *measures]


def truth_html(contents: Contents) -> str:
    """The table as HTML on one line."""
    rows = "".join(f"<tr>{''.join(map(_cell_html, row))}</tr>" for row in contents.rows)
    return f"<table>{rows}</table>"


def _cell_html(entry: Entry) -> str:
    tag = "th" if entry.header else "td"
    spans = (("colspan", entry.colspan), ("rowspan", entry.rowspan))
    attributes = "".join(f' {name}="{size}"' for name, size in spans if size > 1)
    return f"<{tag}{attributes}>{entry.text}</{tag}>"
