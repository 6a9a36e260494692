"""Reads pages with the real CPU engine, one process, as a worker does it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymupdf
from PIL import Image

from shared.config.settings import build_settings
from shared.domain.filetype import Kind
from shared.domain.records import PageOptions
from workers.engines.contract import PageView, Reading
from workers.engines.cpu.engine import CpuEngine
from workers.pipeline.engine_host import EngineHost
from workers.pipeline.rendering import Renderer

_KINDS: dict[str, Kind] = {".pdf": "pdf", ".png": "png", ".tif": "tiff", ".jpg": "jpg"}


class CpuReader:
    """A started engine and a renderer."""

    def __init__(self, engine: CpuEngine, host: EngineHost, renderer: Renderer) -> None:
        self.engine = engine
        self.host = host
        self.renderer = renderer

    def view(self, path: Path, page: int = 1, **options: Any) -> PageView:
        """Page ``page`` of ``path``, drawn."""
        model = self.engine.info.model
        chosen = PageOptions(engine="cpu", model=model, **options)
        plan = self.engine.plan(chosen)
        kind = _KINDS[path.suffix]
        return self.renderer.render(path, kind, "0" * 64, page, plan, chosen).view

    def read(self, path: Path, page: int = 1, **options: Any) -> Reading:
        """What the engine makes of page ``page``; ``options`` are page options."""
        view = self.view(path, page, **options)
        try:
            return self.host.submit(self.engine.read(view)).result(120)
        finally:
            self.renderer.discard(view)


@contextmanager
def cpu_reader(home: Path, model: str = "ppocrv6-small", **settings: Any) -> Iterator[CpuReader]:
    """A reader of one process; everything it started is gone afterwards."""
    made = build_settings({"home": home, "num_workers": 1, **settings})
    engine = CpuEngine(made, model)
    host, renderer = EngineHost(engine), Renderer(made, 1)
    try:
        host.start()
        yield CpuReader(engine, host, renderer)
    finally:
        host.stop()
        renderer.close()


def typed_page(path: Path, text: str, size: float = 11, rotation: int = 0) -> Path:
    """A PDF page with ``text`` as a text layer."""
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_textbox((72, 72, 523, 770), text, fontsize=size, lineheight=1.3)
        page.set_rotation(rotation)
        document.save(path)
    return path


def picture_of(source: Path, path: Path, turn: int = 0, dpi: int = 130) -> Path:
    """The first page of ``source`` as an image, turned clockwise by ``turn`` degrees."""
    with pymupdf.open(source) as document:
        pixmap = document[0].get_pixmap(dpi=dpi)
        image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    image.rotate(-turn, expand=True, fillcolor="white").save(path)
    return path


def scan_with_layer(source: Path, path: Path, layer: str, how: str = "invisible") -> Path:
    """``source`` as a scan with the text ``layer`` of an OCR program, hidden one of two ways.

    "invisible": neither filled nor stroked, over the picture; "covered": painted under it.
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


def lying_page(path: Path, text: str) -> Path:
    """A page that shows ``text`` in a font whose map to letters calls each one another."""
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_font(fontname="liar", fontbuffer=pymupdf.Font("tiro").buffer)
        page.insert_textbox((72, 72, 523, 770), text, fontname="liar", fontsize=11)
        document.save(path)
    with pymupdf.open(path) as document:
        kind, value = document.xref_get_key(document[0].get_fonts()[0][0], "ToUnicode")
        assert kind == "xref", "the font has no map"
        document.update_stream(int(value.split()[0]), _lie())
        document.saveIncr()
    return path


def _lie() -> bytes:
    """A map of glyphs to letters in which every glyph is some other letter."""
    entries = [f"<{glyph:04x}> <{0x61 + glyph * 7 % 26:04x}>" for glyph in range(100)]
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Lie def "
        "/CMapType 2 def 1 begincodespacerange <0000> <ffff> endcodespacerange "
        f"{len(entries)} beginbfchar {' '.join(entries)} endbfchar endcmap end end"
    ).encode()
