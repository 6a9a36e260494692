"""What helper processes call to turn a rendered page into the model's tensors."""

from pathlib import Path

from PIL import Image

from shared.records import PageOptions
from workers.deepseek.modes import Family, family_of, mode_for
from workers.deepseek.pixels import make_page, make_views
from workers.deepseek.prepared import write_levels, write_page, write_prepared


def prepare_tensors(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write the views of ``image`` (RGB, upright) to ``out``; the family is the model's name's."""
    _prepare(image, options, family_of(options.model), out)


def prepare_tensors_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """The same for a DeepSeek-OCR-2 checkpoint, whatever its folder is called."""
    _prepare(image, options, "ocr2", out)


def prepare_levels(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write the views of ``image`` as bare levels, for an engine that looks them up itself."""
    write_levels(make_views(image, mode_for(options)), out)


def prepare_levels_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """The same for a DeepSeek-OCR-2 checkpoint."""
    write_levels(make_views(image, mode_for(options, "ocr2")), out)


def prepare_page(image: Image.Image, options: PageOptions, out: Path) -> None:
    """Write ``image`` as it is, for an engine that makes the views itself; of a huge one these."""
    write_page(make_page(image, mode_for(options)), out)


def prepare_page_ocr2(image: Image.Image, options: PageOptions, out: Path) -> None:
    """The same for a DeepSeek-OCR-2 checkpoint."""
    write_page(make_page(image, mode_for(options, "ocr2")), out)


def _prepare(image: Image.Image, options: PageOptions, family: Family, out: Path) -> None:
    write_prepared(make_views(image, mode_for(options, family)), out)
