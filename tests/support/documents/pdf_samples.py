"""Small PDFs written byte by byte."""

from collections.abc import Sequence


def pdf(
    contents: Sequence[bytes] = (b"",),
    *,
    size: tuple[float, float] = (612, 792),
    page_extra: bytes = b"",
    catalog_extra: bytes = b"",
    objects: Sequence[bytes] = (),
    count: int | None = None,
) -> bytes:
    """A PDF with one page per content stream; ``objects`` follow as numbers 4, 5, ..."""
    first_page = 4 + len(objects)
    kids = b" ".join(b"%d 0 R" % (first_page + 2 * n) for n in range(len(contents)))
    total = len(contents) if count is None else count
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog_extra,
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, total),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *objects,
    ]
    for number, content in enumerate(contents):
        bodies.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents %d 0 R "
            b"/Resources << /Font << /F 3 0 R >> >> %s >>"
            % (*size, first_page + 2 * number + 1, page_extra)
        )
        bodies.append(stream(content))
    return assemble(bodies)


def stream(data: bytes, keys: bytes = b"") -> bytes:
    """The body of a stream object."""
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), keys, data)


def assemble(bodies: Sequence[bytes]) -> bytes:
    """A file of objects 1, 2, ...; the first is the catalog."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(bodies, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        start,
    )
    return bytes(out)


def text(words: str, size: int = 24, at: tuple[int, int] = (72, 700)) -> bytes:
    """A content stream that shows ``words``."""
    return b"BT /F %d Tf %d %d Td (%s) Tj ET" % (size, *at, words.encode("ascii"))


def box(red: float, green: float, blue: float, area: tuple[float, float, float, float]) -> bytes:
    """A content stream that fills ``area`` (left, bottom, width, height)."""
    return b"%g %g %g rg %g %g %g %g re f\n" % (red, green, blue, *area)
