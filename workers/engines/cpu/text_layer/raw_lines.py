"""Reads the text layer of a PDF page: the only module that sees it before it is judged."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

import pymupdf

from shared.domain.errors import EngineFailed
from workers.engines.cpu.characters import is_rtl
from workers.engines.cpu.text_layer.drawn_rules import DrawnRules
from workers.engines.cpu.text_layer.fonts.extension_font import (
    WIDE_ACCENTS,
    is_extension_font,
    large_sign,
)
from workers.engines.cpu.text_layer.fonts.font_style import is_bold, is_italic, monospaced_fonts
from workers.engines.cpu.text_layer.fonts.superior_glyphs import (
    Shifts,
    may_be_shifted,
    shift_of,
    shifted_digits,
)
from workers.engines.cpu.text_layer.fonts.symbol_fonts import symbol_for
from workers.engines.cpu.values import Box, Character

#: Ligatures are expanded later, after right-to-left text is in reading order.
_FLAGS = (
    pymupdf.TEXT_PRESERVE_LIGATURES
    | pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_COLLECT_STYLES
)
#: Bits of a span's ``char_flags``: with a rule through or under it, filled, stroked. Text that is
#: neither filled nor stroked is invisible.
_RULED, _PAINTED = 1 | 2, 16 | 32
#: Characters that mark runs inside a line; see ``marks``.
_RESERVED = re.compile("[\ufdd0-\ufddf]|[\U000f0000-\U000fffff]")
#: A character without a map to Unicode.
_UNKNOWN = "\ufffd"
#: A narrower character than this, in points, is a further letter of a ligature glyph.
_NO_WIDTH = 0.05
#: Ligatures of Latin fonts. Any others could hide letters in a text.
_LIGATURES = frozenset(
    (
        *("ff", "fi", "fl", "ffi", "ffl", "ft", "fft", "fj", "ffj", "fb", "ffb", "fh", "ffh", "fk"),
        *("ffk", "tt", "ti", "tti", "tf", "st", "ct", "Th", "ch", "ck", "ij", "IJ"),
    )
)
_LONGEST_LIGATURE = 3
#: Words and characters of a page whose text layer is read; the densest newspaper pages have half
#: of that. MuPDF's time to collect the styles grows with the square of the characters.
MOST_WORDS = 15_000
MOST_CHARACTERS = 100_000


class RawSpan(NamedTuple):
    """Characters of one font, size and colour, in the order of the PDF."""

    characters: tuple[Character, ...]
    #: Red, green and blue, 0 to 255.
    color: tuple[int, int, int]
    #: Whether it is filled or stroked, and not transparent.
    painted: bool


class RawLine(NamedTuple):
    """One line as MuPDF groups it; ``direction`` is (1, 0) for upright text."""

    direction: tuple[float, float]
    #: Whether the letters stand below each other, as in vertical Chinese.
    vertical: bool
    spans: tuple[RawSpan, ...]


def raw_lines(page: pymupdf.Page) -> list[RawLine]:
    """The lines of the text layer of ``page``; raises EngineFailed for too much text."""
    _check_size(page)
    lines = _read(page, _FLAGS)
    if any(map(_has_large_signs, lines)):
        codes = _read(page, _FLAGS | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE)
        for line, with_codes in zip(lines, codes, strict=False):
            _name_large_signs(line, with_codes)
        _move_hats(lines)
    shifts = _shifted_digits(page, lines)
    monospaced = monospaced_fonts(_spans_with_text(lines))
    rules = DrawnRules(page)
    return [
        RawLine(
            (float(line["dir"][0]), float(line["dir"][1])),
            bool(line["wmode"]),
            tuple(
                _raw_span(span, monospaced, rules, shifts)
                for span in _with_whole_ligatures(line["spans"])
            ),
        )
        for line in lines
    ]


def _read(page: pymupdf.Page, flags: int) -> list[dict[str, Any]]:
    return [
        line
        for block in page.get_text("rawdict", flags=flags)["blocks"]
        for line in block.get("lines", ())
    ]


def _shifted_digits(page: pymupdf.Page, lines: Sequence[dict[str, Any]]) -> Shifts:
    if not may_be_shifted(lines):
        return {}
    plain = _FLAGS & ~pymupdf.TEXT_COLLECT_STYLES
    return shifted_digits(_read(page, plain | pymupdf.TEXT_ACCURATE_BBOXES))


def _has_large_signs(line: dict[str, Any]) -> bool:
    return any(is_extension_font(str(span["font"])) for span in line["spans"])


def _name_large_signs(line: dict[str, Any], with_codes: dict[str, Any]) -> None:
    """Give the large signs of ``line`` their letters and boxes by the codes of the same line."""
    codes = {
        origin_key(char["origin"]): str(char["c"])
        for span in with_codes["spans"]
        if is_extension_font(str(span["font"]))
        for char in span["chars"]
    }
    for span in line["spans"]:
        unknown = (char for char in span["chars"] if char["c"] == _UNKNOWN)
        for char in unknown if is_extension_font(str(span["font"])) else ():
            code = codes.get(origin_key(char["origin"]), "")
            box, baseline = Box(*char["bbox"]), float(char["origin"][1])
            sign = large_sign(ord(code), box, baseline, span["size"]) if len(code) == 1 else None
            if sign is not None:
                char["c"], char["bbox"] = sign


def _move_hats(lines: Sequence[dict[str, Any]]) -> None:
    """Move each wide accent at the end of a line before the letter under it in the next line."""
    for line, following in pairwise(lines):
        if len(line["spans"]) < 2 or not following["spans"]:
            continue
        last, first = line["spans"][-1], following["spans"][0]
        if not last["chars"] or not first["chars"] or not is_extension_font(str(last["font"])):
            continue
        accent, letter = last["chars"][-1], first["chars"][0]
        middle = (accent["bbox"][0] + accent["bbox"][2]) / 2
        if accent["c"] in WIDE_ACCENTS and letter["bbox"][0] < middle < letter["bbox"][2]:
            last["chars"] = last["chars"][:-1]
            following["spans"].insert(0, {**last, "chars": [accent]})


def text_directions(page: pymupdf.Page) -> dict[tuple[int, int], int]:
    """How many characters of ``page`` run in each direction; see ``RawLine``."""
    counts: dict[tuple[int, int], int] = {}
    _check_size(page)
    for block in page.get_text("dict", flags=_FLAGS & ~pymupdf.TEXT_COLLECT_STYLES)["blocks"]:
        for line in block.get("lines", ()):
            upright = (1, 0)  # The letters of vertical text stand upright.
            turned = (round(line["dir"][0]), round(line["dir"][1]))
            direction = upright if line["wmode"] else turned
            length = sum(len(span["text"].strip()) for span in line["spans"])
            counts[direction] = counts.get(direction, 0) + length
    return counts


def margin_texts(page: pymupdf.Page, top: float, bottom: float) -> list[str]:
    """The lines of ``page`` above ``top`` and below ``bottom``, in parts of its height."""
    height = max(1.0, page.rect.height)
    texts = []
    for block in page.get_text("blocks", flags=_FLAGS & ~pymupdf.TEXT_COLLECT_STYLES):
        y = (block[1] + block[3]) / 2 / height
        if y < top or y > bottom:
            texts += str(block[4]).splitlines()
    return texts


def painted_texts(page: pymupdf.Page) -> dict[tuple[int, int], int]:
    """The place in the order of painting of each character, by its origin in tenths of a point.

    Where several characters share an origin, the last one counts.
    """
    places: dict[tuple[int, int], int] = {}
    for span in page.get_texttrace():
        for _, _, origin, _ in span["chars"]:
            places[origin_key(origin)] = int(span["seqno"])
    return places


def origin_key(origin: Sequence[float]) -> tuple[int, int]:
    """A key for the point ``origin`` that small differences do not change."""
    return round(origin[0] * 2), round(origin[1] * 2)


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


def _spans_with_text(lines: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for line in lines:
        for span in line["spans"]:
            yield {**span, "text": "".join(char["c"] for char in span["chars"])}


def _with_whole_ligatures(spans: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """``spans`` without characters, those of a ligature at the end of one in that span.

    MuPDF's styles of the letters without width may differ from that of the wide one.
    """
    result: list[dict[str, Any]] = []
    for span in spans:
        chars = span["chars"]
        rest = list(takewhile(_has_no_width, chars[: _LONGEST_LIGATURE - 1])) if result else []
        if rest:
            last = result[-1]["chars"][-_LONGEST_LIGATURE:]
            start = max((i for i, char in enumerate(last) if not _has_no_width(char)), default=0)
            rest = rest[: max(0, len(_ligature([*last[start:], *rest])) - len(last[start:]))]
            result[-1] = {**result[-1], "chars": [*result[-1]["chars"], *rest]}
        if len(rest) < len(chars):
            result.append({**span, "chars": chars[len(rest) :]})
    return iter(result)


def _raw_span(
    span: dict[str, Any], monospaced: frozenset[str], rules: DrawnRules, shifts: Shifts
) -> RawSpan:
    font, flags, color = str(span["font"]), int(span["char_flags"]), int(span["color"])
    size, bold, italic = float(span["size"]), is_bold(span), is_italic(span)
    is_fixed, ruled = font in monospaced, bool(flags & _RULED)
    is_alone = sum(bool(char["c"].strip()) for char in span["chars"]) == 1
    characters = []
    for char, text in _letters(span["chars"]):
        box, baseline = Box(*char["bbox"]), char["origin"][1]
        drawn = ruled and text == " " and rules.is_underscore(box, baseline, size)
        letter = "_" if drawn else symbol_for(font, _RESERVED.sub("\ufffd", text), is_alone)
        struck = ruled and rules.strikes(box, baseline, size)
        is_gap = char["synthetic"] and not drawn
        style = (bold, italic, is_fixed, shift_of(char, shifts))
        characters.append(
            Character(letter, box, baseline, size, font, *style, struck, is_gap=is_gap)
        )
    painted = bool(flags & _PAINTED) and span["alpha"] > 0
    rgb = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return RawSpan(tuple(characters), rgb, painted)


def _letters(chars: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each glyph with its text; the letters of a ligature as one text.

    A glyph of several letters is a wide character and others without width, which show no ink of
    their own. MuPDF reverses right-to-left lines by characters, so there the wide one is read
    first.
    """
    index = 0
    while index < len(chars):
        char, text = chars[index], str(chars[index]["c"])
        if index + 1 < len(chars) and is_rtl(text) and is_rtl(chars[index + 1]["c"]):
            if _has_no_width(char):
                index += 1
                char, text = chars[index], chars[index]["c"] + text
        else:
            text = _ligature(chars[index : index + _LONGEST_LIGATURE])
            index += len(text) - 1
        yield char, text
        index += 1


def _ligature(chars: Sequence[dict[str, Any]]) -> str:
    """The letters of a glyph that ``chars`` begin with; other letters without width are hidden."""
    rest = takewhile(_has_no_width, chars[1:])
    whole = "".join(char["c"] for char in (chars[0], *rest))
    is_wide = not _has_no_width(chars[0])
    lengths = range(len(whole), 1, -1) if is_wide else ()
    found = (whole[:length] for length in lengths if whole[:length] in _LIGATURES)
    return next(found, str(chars[0]["c"]))


def _has_no_width(char: dict[str, Any]) -> bool:
    left, _, right, _ = char["bbox"]
    return bool(right - left < _NO_WIDTH)
