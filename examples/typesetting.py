"""Writes text on PDF pages line by line: justified columns, headings and rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pymupdf

#: Marks a place where a word may be hyphenated.
SOFT_HYPHEN = "\u00ad"
#: Fonts that come with PyMuPDF; examples/README.md names their licences.
ROMAN, BOLD, ITALIC, CHINESE = "tiro", "tibo", "tiit", "cjk"
SANS, SANS_BOLD = "helv", "hebo"
_FONTS: dict[str, pymupdf.Font] = {}


class Frame(NamedTuple):
    """A column: its left edge, width and the baseline of its first line, in points."""

    left: float
    top: float
    width: float


@dataclass(frozen=True)
class Style:
    """The style of a paragraph; lengths in points."""

    font: str = ROMAN
    size: float = 10.0
    leading: float = 12.2
    indent: float = 0.0
    justified: bool = True
    after: float = 0.0


def font(name: str) -> pymupdf.Font:
    """The built-in font ``name``, loaded once."""
    if name not in _FONTS:
        _FONTS[name] = pymupdf.Font(name)
    return _FONTS[name]


class Sheet:
    """One page that is being written; call ``finish`` at the end."""

    def __init__(self, document: pymupdf.Document, width: float = 595, height: float = 842) -> None:
        self.page = document.new_page(width=width, height=height)
        self._writer = pymupdf.TextWriter(self.page.rect)

    def text(self, x: float, y: float, text: str, style: Style, align: str = "left") -> float:
        """Write one line with its baseline at ``y``; returns the x of its end, in points.

        ``x`` is the left end, the right end or the centre, as ``align`` says.
        """
        width = font(style.font).text_length(text, style.size)
        start = x - {"left": 0.0, "right": width, "centre": width / 2}[align]
        self._writer.append((start, y), text, font=font(style.font), fontsize=style.size)
        return start + width

    def paragraph(self, frame: Frame, text: str, style: Style) -> float:
        """Write ``text`` into ``frame``; returns the baseline of the next line, in points."""
        y = frame.top
        lines = list(break_lines(text, frame.width, style))
        for number, line in enumerate(lines):
            indent = style.indent if number == 0 else 0.0
            last = number == len(lines) - 1
            place = Frame(frame.left + indent, y, frame.width - indent)
            self._line(line, place, style, justify=style.justified and not last)
            y += style.leading
        return y + style.after

    def rule(self, x: float, y: float, width: float, weight: float = 0.5) -> None:
        """Draw a horizontal line of ``width`` and thickness ``weight``, in points."""
        self.page.draw_line((x, y), (x + width, y), width=weight)

    def finish(self) -> None:
        """Write the collected text to the page."""
        self._writer.write_text(self.page)

    def _line(self, words: list[str], place: Frame, style: Style, justify: bool) -> None:
        if not justify:
            self.text(place.left, place.top, " ".join(words), style)
            return
        widths = [font(style.font).text_length(word, style.size) for word in words]
        gap = (place.width - sum(widths)) / max(1, len(words) - 1)
        x = place.left
        for word, width in zip(words, widths, strict=True):
            self.text(x, place.top, word, style)
            x += width + gap


def break_lines(text: str, width: float, style: Style) -> Iterator[list[str]]:
    """Lines of words of ``text`` that fit into ``width`` points, hyphenated at soft hyphens."""
    line: list[str] = []
    room = width - style.indent
    for word in text.split():
        while not _fits([*line, word], room, style):
            head, tail = _head(word, line, room, style)
            yield _without_soft_hyphens([*line, head] if head else line)
            line, word, room = [], tail, width
        line.append(word)
    yield _without_soft_hyphens(line)


def _without_soft_hyphens(line: list[str]) -> list[str]:
    return [word.replace(SOFT_HYPHEN, "") for word in line]


def _head(word: str, line: list[str], room: float, style: Style) -> tuple[str, str]:
    """The longest part of ``word`` that fits after ``line``, and the rest of the word."""
    parts = word.split(SOFT_HYPHEN)
    for count in range(len(parts) - 1, 0, -1):
        head = "".join(parts[:count]) + "-"
        if _fits([*line, head], room, style):
            return head, SOFT_HYPHEN.join(parts[count:])
    return "", word


def _fits(words: list[str], room: float, style: Style) -> bool:
    text = " ".join(words).replace(SOFT_HYPHEN, "")
    return font(style.font).text_length(text, style.size) <= room


def save(document: pymupdf.Document, path: Path) -> None:
    """Write ``document`` without dates and random ids, so that its bytes are reproducible."""
    document.set_metadata({})
    document.subset_fonts()
    document.save(path, garbage=4, deflate=True, no_new_id=True)
    document.close()
