"""Reads the lines of a PDF page as MuPDF dictionaries, right-to-left text in reading order."""

from collections.abc import Iterator
from typing import Any

import pymupdf

from shared.domain.errors import EngineFailed
from workers.engines.cpu.characters import is_rtl

#: Ligatures are expanded later, after right-to-left text is in reading order.
_FLAGS = (
    pymupdf.TEXT_PRESERVE_LIGATURES
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_COLLECT_STYLES
)
#: A narrower character than this, in points, is the second letter of a ligature glyph.
_NO_WIDTH = 0.05
#: Words and characters of a page whose text layer is read; the densest newspaper pages have half
#: of that. MuPDF's time to collect the styles grows with the square of the characters.
MOST_WORDS = 15_000
MOST_CHARACTERS = 100_000


def raw_lines(page: pymupdf.Page) -> Iterator[dict[str, Any]]:
    """The lines of MuPDF's text dictionary of ``page``, with spans; raises EngineFailed."""
    _check_size(page)
    lines = [
        line
        for block in page.get_text("dict", flags=_FLAGS)["blocks"]
        for line in block.get("lines", ())
    ]
    if not any(is_rtl(character) for line in lines for character in _line_text(line)):
        yield from lines
        return
    for block in page.get_text("rawdict", flags=_FLAGS)["blocks"]:
        for line in block.get("lines", ()):
            yield {**line, "spans": [_in_reading_order(span) for span in line["spans"]]}


def _check_size(page: pymupdf.Page) -> None:
    """Raise EngineFailed for a page with more words or characters than are read."""
    words = [entry[4] for entry in page.get_text("words")]
    characters = sum(map(len, words))
    if len(words) > MOST_WORDS or characters > MOST_CHARACTERS:
        raise EngineFailed(
            f"the text layer has {len(words)} words with {characters} characters, more than the "
            f"{MOST_WORDS} and {MOST_CHARACTERS} that are read; "
            "--text-layer never reads the pixels instead"
        )


def _line_text(line: dict[str, Any]) -> str:
    return "".join(span["text"] for span in line["spans"])


def _in_reading_order(span: dict[str, Any]) -> dict[str, Any]:
    """``span`` with its text, the letters of Arabic ligatures in reading order.

    MuPDF reverses right-to-left lines by characters. A glyph of two letters is a wide character
    and one without width there, so these two are swapped back.
    """
    letters = [char["c"] for char in span["chars"]]
    for index, char in enumerate(span["chars"][:-1]):
        left, _, right, _ = char["bbox"]
        if right - left < _NO_WIDTH and is_rtl(char["c"]) and is_rtl(letters[index + 1]):
            letters[index : index + 2] = letters[index + 1], letters[index]
    return {**span, "text": "".join(letters)}
