"""Reads pages with the real CPU engine in one process, through the worker's renderer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from shared.config.settings import build_settings
from shared.domain.filetype import Kind
from shared.domain.records.options import PageOptions
from shared.rendering.lean_pymupdf import pymupdf
from workers.engines.contract import Reading, RenderedPage
from workers.engines.cpu.engine import CpuEngine
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

_KINDS: dict[str, Kind] = {".pdf": "pdf", ".png": "png", ".tif": "tiff", ".jpg": "jpg"}


class CpuReader:
    """A running CPU engine and a renderer."""

    def __init__(self, engine: CpuEngine, host: EngineHost, renderer: Renderer) -> None:
        self.engine = engine
        self.host = host
        self.renderer = renderer

    def view(self, path: Path, page: int = 1, **options: Any) -> RenderedPage:
        """Page ``page`` (1-based) of ``path``, rendered; ``options`` are page options."""
        model = self.engine.info.model
        page_options = PageOptions(engine="cpu", model=model, **options)
        plan = self.engine.plan(page_options)
        kind = _KINDS[path.suffix]
        return self.renderer.render(path, kind, "0" * 64, page, plan, page_options).view

    def read(self, path: Path, page: int = 1, **options: Any) -> Reading:
        """Read page ``page`` (1-based) of ``path``; ``options`` are page options."""
        view = self.view(path, page, **options)
        try:
            return self.host.submit(self.engine.read(view)).result(120)
        finally:
            self.renderer.discard(view)


@contextmanager
def cpu_reader(home: Path, model: str = "ppocrv6-small", **settings: Any) -> Iterator[CpuReader]:
    """A reader with one reading process; all its processes are stopped at the end."""
    engine_settings = build_settings({"home": home, "num_workers": 1, **settings})
    engine = CpuEngine(engine_settings, model)
    host, renderer = EngineHost(engine), Renderer(engine_settings, 1)
    try:
        host.start()
        yield CpuReader(engine, host, renderer)
    finally:
        host.stop()
        renderer.close()


#: Height in points of a page of a few lines: half of A4, which is read in half the time.
HALF = 420.0


def typed_page(
    path: Path, text: str, size: float = 11, rotation: int = 0, height: float = 842
) -> Path:
    """A PDF page with ``text`` as its text layer; ``rotation`` is in degrees."""
    with pymupdf.open() as document:
        page = document.new_page(height=height)
        page.insert_textbox((72, 72, 523, height - 72), text, fontsize=size, lineheight=1.3)
        page.set_rotation(rotation)
        document.save(path)
    return path


def picture_of(source: Path, path: Path, turn: int = 0, dpi: int = 130) -> Path:
    """The first page of ``source`` as an image, rotated clockwise by ``turn`` degrees."""
    with pymupdf.open(source) as document:
        pixmap = document[0].get_pixmap(dpi=dpi)
        image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    image.rotate(-turn, expand=True, fillcolor="white").save(path)
    return path


def scan_with_layer(source: Path, path: Path, layer: str, how: str = "invisible") -> Path:
    """``source`` as a scan with a hidden text ``layer``, as an OCR program writes it.

    ``how`` is "invisible" (over the picture, neither filled nor stroked) or "covered" (painted
    under the picture).
    """
    with pymupdf.open(source) as document, pymupdf.open() as scan:
        page = scan.new_page(width=document[0].rect.width, height=document[0].rect.height)
        mode = 3 if how == "invisible" else 0
        page.insert_textbox(
            (72, 72, 523, 770), layer, fontsize=11, lineheight=1.3, render_mode=mode
        )
        pixmap = document[0].get_pixmap(dpi=130)
        page.insert_image(page.rect, pixmap=pixmap, overlay=how == "covered")
        scan.save(path)
    return path


def page_with_wrong_map(path: Path, text: str) -> Path:
    """A page that shows ``text`` in a font that maps each glyph to a wrong letter."""
    with pymupdf.open() as document:
        page = document.new_page(height=HALF)
        page.insert_font(fontname="wrong", fontbuffer=pymupdf.Font("tiro").buffer)
        page.insert_textbox((72, 72, 523, HALF - 72), text, fontname="wrong", fontsize=11)
        document.save(path)
    with pymupdf.open(path) as document:
        kind, value = document.xref_get_key(document[0].get_fonts()[0][0], "ToUnicode")
        assert kind == "xref", "the font has no ToUnicode map"
        document.update_stream(int(value.split()[0]), _wrong_map())
        document.saveIncr()
    return path


def _wrong_map() -> bytes:
    """A ToUnicode map that maps every glyph to a wrong letter."""
    entries = [f"<{glyph:04x}> <{0x61 + glyph * 7 % 26:04x}>" for glyph in range(100)]
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Wrong def "
        "/CMapType 2 def 1 begincodespacerange <0000> <ffff> endcodespacerange "
        f"{len(entries)} beginbfchar {' '.join(entries)} endbfchar endcmap end end"
    ).encode()
