"""What helper processes call to turn a rendered page into the model's input."""

from pathlib import Path

from PIL import Image

from shared.domain.records import PageOptions
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.pixels import make_page, make_views
from workers.engines.deepseek.prepared import write_page


def prepare_views(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write the views of ``image`` (RGB, upright) as bare levels to ``out``."""
    write_page(make_views(image, mode_for(options)), out)


def prepare_views_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """The same for a DeepSeek-OCR-2 checkpoint, whatever its folder is called."""
    write_page(make_views(image, mode_for(options, "ocr2")), out)


def prepare_page(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write ``image`` as it is, for an engine that makes the views itself; of a huge one these."""
    write_page(make_page(image, mode_for(options)), out)


def prepare_page_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """The same for a DeepSeek-OCR-2 checkpoint."""
    write_page(make_page(image, mode_for(options, "ocr2")), out)
