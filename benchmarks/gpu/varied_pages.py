"""Generates PDFs whose pages all differ and take as long to render as real documents."""

import io
import math
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pymupdf
from PIL import Image

#: (width, height, frequency of twenty) in points.
SHAPES = (
    (595, 842, 8),  # A4
    (612, 792, 6),  # Letter
    (842, 595, 2),  # A4 on its side
    (960, 540, 2),  # a slide
    (420, 595, 1),  # A5
    (380, 900, 1),  # a long receipt
)
#: Pages per document, in rotation: single pages, papers, a small book.
DOCUMENT_PAGES = (1, 12, 3, 64, 24, 2, 40)
SYLLABLES = "ta ren mo li ser ka vo nim pel dra su fi gon tek wa bru len cho".split(" ")  # noqa: SIM905
MARGIN = 42.0
SCAN_DPI = 200
PHOTO_DPI = 600
#: Segments of one curve.
CURVE_STEPS = 2000


@dataclass(frozen=True)
class Batch:
    """One document to generate; its pages are numbers ``first`` to ``first + pages - 1``."""

    path: Path
    first: int
    pages: int
    seed: int


def write_documents(folder: Path, pages: int, processes: int, seed: int = 20) -> list[Path]:
    """Write ``pages`` pages to several PDFs; the same ``seed`` gives the same pages."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = list(_batches(folder, pages, seed))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(write_document, batches))
    return [batch.path for batch in batches]


def _batches(folder: Path, pages: int, seed: int) -> Iterator[Batch]:
    first = 0
    for size in cycle(DOCUMENT_PAGES):
        if first >= pages:
            return
        yield Batch(folder / f"pages-{first:05d}.pdf", first, min(size, pages - first), seed)
        first += size


def write_document(batch: Batch) -> None:
    """Write one document."""
    with pymupdf.open() as document:
        for number in range(batch.first, batch.first + batch.pages):
            _add_page(document, random.Random(batch.seed * 1_000_003 + number), number)
        document.save(batch.path, garbage=0, deflate=True)


def _add_page(document: pymupdf.Document, chance: random.Random, number: int) -> None:
    shapes = [(width, height) for width, height, often in SHAPES for _ in range(often)]
    width, height = chance.choice(shapes)
    page = document.new_page(width=width, height=height)
    if chance.random() < 0.1:
        _scan(page, chance)
        return
    drawing = page.new_shape()
    drawing.insert_text((MARGIN, 30), f"{_words(chance, 3).title()} {number}", fontsize=9)
    drawing.insert_text((MARGIN, 58), _words(chance, 5).capitalize(), fontsize=17, fontname="hebo")
    columns = 2 if width > 500 and chance.random() < 0.6 else 1
    gap = 16.0
    column = (width - 2 * MARGIN - gap * (columns - 1)) / columns
    for place in range(columns):
        left = MARGIN + place * (column + gap)
        _fill(drawing, pymupdf.Rect(left, 74, left + column, height - MARGIN), chance)
    drawing.commit()


def _fill(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    """Add random blocks from top to bottom until the column is full."""
    top = room.y0
    while top < room.y1 - 30:
        kind = chance.choice((_text, _text, _text, _table, _chart, _photo))
        tall = chance.uniform(70, 150) if kind is _text else chance.uniform(110, 190)
        tall = min(tall, room.y1 - top)
        kind(drawing, pymupdf.Rect(room.x0, top, room.x1, top + tall - 10), chance)
        top += tall


def _text(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    size = chance.choice((8.0, 9.0, 10.0))
    face = chance.choice(("tiro", "helv"))
    per_line = int(room.width / (size * 0.5))
    for line in range(int(room.height // (size * 1.25))):
        text = _words(chance, 30)[: per_line - 2]
        point = (room.x0, room.y0 + size * 1.25 * (line + 1))
        drawing.insert_text(point, text, fontsize=size, fontname=face)


def _table(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    rows, columns = max(2, int(room.height // 16)), chance.randint(3, 6)
    tall, wide = room.height / rows, room.width / columns
    for row in range(rows + 1):
        drawing.draw_line((room.x0, room.y0 + row * tall), (room.x1, room.y0 + row * tall))
    for place in range(columns + 1):
        drawing.draw_line((room.x0 + place * wide, room.y0), (room.x0 + place * wide, room.y1))
    drawing.finish(width=0.5)
    for row in range(rows):
        for place in range(columns):
            cell = _words(chance, 1) if row == 0 else f"{chance.uniform(-999, 9999):.2f}"
            point = (room.x0 + place * wide + 3, room.y0 + (row + 1) * tall - 4)
            drawing.insert_text(point, cell[: int(wide // 4)], fontsize=7)


def _chart(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    """Curves of many segments, as plotting programs write them."""
    drawing.draw_rect(room)
    drawing.finish(width=0.7)
    for _ in range(chance.randint(2, 5)):
        _curve(drawing, room, chance)
        colour = (chance.random(), chance.random(), chance.random())
        drawing.finish(width=0.6, color=colour, closePath=False)
    caption = f"Figure: {_words(chance, 6)}."
    drawing.insert_text((room.x0, room.y1 + 8), caption, fontsize=7)


def _curve(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    phase, speed = chance.uniform(0, 6), chance.uniform(1, 9)
    # Written in PDF coordinates, which grow upwards; draw_polyline would take a second per page.
    middle = drawing.page.rect.y1 - (room.y0 + room.y1) / 2
    lines = []
    for step in range(CURVE_STEPS + 1):
        place = step / CURVE_STEPS
        high = 0.45 * room.height * math.sin(phase + 6 * speed * place) * chance.random()
        lines.append(
            f"{room.x0 + room.width * place:.2f} {middle + high:.2f} {'l' if step else 'm'}"
        )
    drawing.draw_cont += "\n".join(lines) + "\n"


def _photo(drawing: pymupdf.Shape, room: pymupdf.Rect, chance: random.Random) -> None:
    pixels = (int(room.width * PHOTO_DPI / 72), int(room.height * PHOTO_DPI / 72))
    drawing.page.insert_image(room, stream=_jpeg(_picture(chance, *pixels)))


def _scan(page: pymupdf.Page, chance: random.Random) -> None:
    """A page that is one picture: a rendered page on grey paper."""
    with pymupdf.open() as sheet:
        drawn = sheet.new_page(width=page.rect.width, height=page.rect.height)
        drawing = drawn.new_shape()
        _fill(drawing, pymupdf.Rect(MARGIN, 50, page.rect.x1 - MARGIN, page.rect.y1 - 40), chance)
        drawing.commit()
        pixmap = drawn.get_pixmap(dpi=SCAN_DPI, alpha=False)
    image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    noise = np.random.default_rng(chance.randrange(2**31)).integers(-9, 10, (image.height, 1, 1))
    paper = np.clip(np.asarray(image, np.int16) - 8 + noise, 0, 255).astype(np.uint8)
    page.insert_image(page.rect, stream=_jpeg(Image.fromarray(paper)))


def _picture(chance: random.Random, width: int, height: int) -> Image.Image:
    """A picture with soft colours, like a photograph."""
    random_numbers = np.random.default_rng(chance.randrange(2**31))
    small = random_numbers.integers(0, 256, (9, 12, 3), np.uint8)
    return Image.fromarray(small).resize((max(width, 8), max(height, 8)), Image.Resampling.BICUBIC)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _words(chance: random.Random, number: int) -> str:
    words = ("".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))) for _ in range(number))
    return " ".join(words)
