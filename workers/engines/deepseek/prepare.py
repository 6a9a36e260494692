"""Functions that helper processes call to turn a rendered page into the model's input."""

from pathlib import Path

from PIL import Image

from shared.domain.records.options import PageOptions
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.pixels import make_page, make_views
from workers.engines.deepseek.prepared import write_page


def prepare_views(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write the views of ``image`` (RGB, upright) as uint8 levels to ``out``."""
    write_page(make_views(image, mode_for(options)), out)


def prepare_views_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Like ``prepare_views`` for DeepSeek-OCR-2, whose tiles have another size."""
    write_page(make_views(image, mode_for(options, "ocr2")), out)


def prepare_page(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write ``image`` as a picture for the engine, or its views if it is too large."""
    write_page(make_page(image, mode_for(options)), out)


def prepare_page_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Like ``prepare_page`` for DeepSeek-OCR-2."""
    write_page(make_page(image, mode_for(options, "ocr2")), out)
