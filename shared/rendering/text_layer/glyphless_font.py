"""A font that draws nothing and carries any text: each character becomes a code of its own.

Readers find the character of a code in the font's ToUnicode map. Every glyph is half as wide as
the font size, so no font file of a script is needed. Tesseract and OCRmyPDF write their
text layers the same way.
"""

import struct

from shared.rendering.lean_pymupdf import pymupdf

#: Width of every glyph, in thousandths of the font size.
GLYPH_WIDTH = 500
#: How far glyphs reach above and below the baseline, in thousandths of the font size.
ASCENT, DESCENT = 800, -200
NAME = "PagefleetGlyphless"
#: Codes have two bytes; 0 is "no glyph".
MAX_CODES = 0xFFFF
_REPLACEMENT = "\ufffd"
_RANGE_SIZE = 100
_EVERY_CODE_TO_GLYPH_1 = b"\x00\x01" * (MAX_CODES + 1)


class GlyphlessFont:
    """The font of one document; ``close`` writes what its pages used."""

    def __init__(self, document: "pymupdf.Document") -> None:
        self._document = document
        self._codes: dict[str, int] = {}
        self.xref: int = document.get_new_xref()

    def encode(self, text: str) -> str:
        """``text`` as the hexadecimal string of a content stream."""
        return "".join(f"{self._code(character):04X}" for character in text)

    def close(self) -> None:
        """Write the font into the document, where a page uses it."""
        if not self._codes:
            return
        program = self._stream(_font_program())
        glyphs = self._stream(_EVERY_CODE_TO_GLYPH_1)
        unicode = self._stream(_to_unicode(self._codes))
        descriptor = self._object(
            f"<< /Type /FontDescriptor /FontName /{NAME} /Flags 4 /FontBBox [0 {DESCENT} "
            f"{GLYPH_WIDTH} {ASCENT}] /ItalicAngle 0 /Ascent {ASCENT} /Descent {DESCENT} "
            f"/CapHeight {ASCENT} /StemV 80 /FontFile2 {program} 0 R >>"
        )
        descendant = self._object(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{NAME} /CIDSystemInfo << "
            "/Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
            f"/FontDescriptor {descriptor} 0 R /DW {GLYPH_WIDTH} /CIDToGIDMap {glyphs} 0 R >>"
        )
        self._document.update_object(
            self.xref,
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{NAME} /Encoding /Identity-H "
            f"/DescendantFonts [{descendant} 0 R] /ToUnicode {unicode} 0 R >>",
        )

    def _code(self, character: str) -> int:
        known = self._codes.get(character)
        if known is not None:
            return known
        if len(self._codes) >= MAX_CODES - 1 and character != _REPLACEMENT:
            return self._code(_REPLACEMENT)
        return self._codes.setdefault(character, len(self._codes) + 1)

    def _object(self, text: str) -> int:
        xref: int = self._document.get_new_xref()
        self._document.update_object(xref, text)
        return xref

    def _stream(self, data: bytes) -> int:
        xref = self._object("<<>>")
        self._document.update_stream(xref, data, compress=True)
        return xref


def _to_unicode(codes: dict[str, int]) -> bytes:
    pairs = [
        f"<{code:04X}> <{character.encode('utf-16-be').hex().upper()}>"
        for character, code in codes.items()
    ]
    parts = [pairs[start : start + _RANGE_SIZE] for start in range(0, len(pairs), _RANGE_SIZE)]
    maps = "".join(f"{len(part)} beginbfchar\n{chr(10).join(part)}\nendbfchar\n" for part in parts)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{maps}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


def _glyph() -> bytes:
    """An outline there and back along a diagonal: it has extent and no area.

    PDFium skips texts whose glyphs have no extent.
    """
    header = struct.pack(">hhhhh", 1, 0, DESCENT, GLYPH_WIDTH, ASCENT)
    height = ASCENT - DESCENT
    points = struct.pack(
        ">HH3B3h3h", 2, 0, 1, 1, 1, 0, GLYPH_WIDTH, -GLYPH_WIDTH, DESCENT, height, -height
    )
    return header + points + b"\0"


def _font_program() -> bytes:
    """A TrueType font of two glyphs: 0 for "no glyph" and 1 for every character."""
    glyph = _glyph()
    head = struct.pack(
        ">IIIIHHqqhhhhHHhhh",
        0x10000, 0x10000, 0, 0x5F0F3CF5, 0, 1000, 0, 0,
        0, DESCENT, GLYPH_WIDTH, ASCENT, 0, 8, 2, 0, 0,
    )  # fmt: skip
    hhea = struct.pack(
        ">IhhhHhhhhhhhhhhhH",
        0x10000, ASCENT, DESCENT, 0, GLYPH_WIDTH, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1,
    )  # fmt: skip
    tables = {
        b"cmap": struct.pack(">HHHHI6H", 0, 1, 1, 0, 12, 6, 12, 0, 0, 1, 1),
        b"glyf": glyph,
        b"head": head,
        b"hhea": hhea,
        b"hmtx": struct.pack(">Hhh", GLYPH_WIDTH, 0, 0),
        b"loca": struct.pack(">HHH", 0, 0, len(glyph) // 2),
        b"maxp": struct.pack(">I14H", 0x10000, 2, 3, 1, 0, 0, 2, *(0,) * 8),
        b"name": struct.pack(">HHH", 0, 0, 6),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 1, 0, 0, 0, 0),
    }
    return _sfnt(tables)


def _sfnt(tables: dict[bytes, bytes]) -> bytes:
    """A font file of ``tables``, which are in alphabetical order."""
    count = len(tables)
    largest = 1 << (count.bit_length() - 1)
    header = struct.pack(
        ">IHHHH", 0x10000, count, largest * 16, largest.bit_length() - 1, (count - largest) * 16
    )
    offset, directory, body = 12 + 16 * count, b"", b""
    for tag, data in tables.items():
        padded = data + bytes(-len(data) % 4)
        directory += struct.pack(">4sIII", tag, _checksum(padded), offset + len(body), len(data))
        body += padded
    return header + directory + body


def _checksum(padded: bytes) -> int:
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
