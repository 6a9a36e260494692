"""Generates the scan of a letter: skewed, blurred, with specks, without a text layer."""

import io
from pathlib import Path
from random import Random

import numpy as np
import pymupdf
from PIL import Image, ImageFilter
from typesetting import BOLD, ITALIC, SOFT_HYPHEN, Frame, Sheet, Style, save

#: Resolution of the scan, skew in degrees counter-clockwise, and JPEG quality (1 to 95).
DPI, ANGLE, QUALITY = 130, 0.8, 50
TEXT = Style(size=11.5, leading=15.5, justified=False, after=9)
PARAGRAPHS = (
    "Dear Mrs Okafor,",
    "Thank you for the box of logbooks that reached us on Tuesday. All twenty-three volumes "
    "arrived dry and in good order, and the oldest of them, from the winter "  # prose: allow
    "of 1908, is already on display in the reading room.",
    "You asked whether we could send you copies. We should be glad to. Our volunteers will "
    "photograph every page before the end of March, and the pictures will be free for anyone "
    "to use. Should you wish to have one of the volumes back for the harbour festival, please "
    "let us know four weeks ahead.",
    "There is one puzzle that you may be able to solve. In the book for 1931 the entries from "
    "the 4th to the 19th of May are in another hand and in violet ink. Was your grandfather "
    "ill at that time, or did somebody else keep the light?",  # prose: allow
    "With kind regards,",
)


def make(path: Path, random: Random) -> None:
    """Write the scan to ``path``."""
    with pymupdf.open() as document:
        pixmap = _letter(document).get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
        clean = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    scan = pymupdf.open()
    page = scan.new_page(width=595, height=842)
    page.insert_image(page.rect, stream=_scanned(clean, random.randrange(2**32)))
    save(scan, path)


def _letter(document: pymupdf.Document) -> pymupdf.Page:
    sheet = Sheet(document)
    sheet.text(297.5, 84, "Harbour Library", Style(font=BOLD, size=20), "centre")
    address = "12 Quay Street, Port Ellery"
    sheet.text(297.5, 102, address, Style(font=ITALIC, size=11), "centre")
    sheet.rule(90, 114, 415)
    sheet.text(505, 150, "3 February 2026", TEXT, "right")
    y = 196.0
    for text in PARAGRAPHS:
        y = sheet.paragraph(Frame(90, y, 415), text.replace("|", SOFT_HYPHEN), TEXT)
    sheet.text(90, y + 34, "Ines Calder", Style(font=ITALIC, size=12.5))
    sheet.text(90, y + 54, "Librarian", TEXT)
    sheet.finish()
    return sheet.page


def _scanned(clean: Image.Image, seed: int) -> bytes:
    """``clean`` as the bytes of a JPEG file: skewed, blurred, grey, with grain and specks."""
    skewed = clean.rotate(ANGLE, Image.Resampling.BICUBIC, fillcolor=255)
    blurred = np.asarray(skewed.filter(ImageFilter.GaussianBlur(0.7)), np.float64)
    generator = np.random.Generator(np.random.PCG64(seed))
    shade = np.linspace(0, 18, blurred.shape[1])[None, :]
    noisy = blurred * 0.82 + 38 - shade + generator.normal(0, 7, blurred.shape)
    rows, columns = (generator.integers(0, size, 220) for size in blurred.shape)
    noisy[rows, columns] = 60
    file = io.BytesIO()
    image = Image.fromarray(np.clip(np.round(noisy), 0, 255).astype(np.uint8))
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
