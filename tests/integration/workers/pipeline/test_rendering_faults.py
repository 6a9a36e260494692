"""A page that can't be rendered fails alone and leaves no files."""

import os
import signal
import struct
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.config.settings import Settings
from shared.domain.errors import HelperUnavailable, RenderFailed, RenderMemory, RenderTimeout
from tests.support.documents.pdf_samples import assemble, box, pdf, stream, text
from tests.support.documents.rendered_pages import (
    OPTIONS,
    SHA,
    Pixels,
    encoded,
    leftovers,
    quadrant_image,
)
from tests.support.fleets.fleet import wait_until
from tests.support.paths import DATA
from workers.engines.contract import RenderPlan
from workers.pipeline.rendering import Renderer
from workers.pipeline.rendering_child import resolve_prepare

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "workers:os",
        "workersx.a:b",
        "workers.pipeline.blank_page.__builtins__:eval",
        "workers.a",
    ],
)
def test_only_functions_of_the_workers_package_prepare_pages(name: str) -> None:
    with pytest.raises(ValueError, match="workers package"):
        resolve_prepare(name)


def test_pages_that_do_not_exist_fail_without_a_retry(
    render: Callable[..., Pixels], scratch: Path
) -> None:
    for document, kind in ((pdf(), "pdf"), (encoded(quadrant_image()), "png")):
        with pytest.raises(RenderFailed, match="no page 2"):
            render(document, kind, page=2)
    with pytest.raises(RenderFailed, match="no page 2"):
        render(encoded(quadrant_image(), "TIFF"), "tiff", page=2)
    assert leftovers(scratch) == []


def test_damaged_files_fail_without_a_retry(render: Callable[..., Pixels], scratch: Path) -> None:
    picture = encoded(quadrant_image(900, 900))
    for document, kind in ((b"%PDF-1.7", "pdf"), (picture[: len(picture) // 2], "png")):
        with pytest.raises(RenderFailed):
            render(document, kind)
    with pytest.raises(RenderFailed, match="exe"):
        render(b"MZ", "exe")
    assert leftovers(scratch) == []


def test_a_missing_source_is_not_blamed_on_the_page(
    renderer: Renderer, tmp_path: Path, scratch: Path
) -> None:
    with pytest.raises(HelperUnavailable, match="gone"):
        renderer.render(tmp_path / "gone.pdf", "pdf", SHA, 1, RenderPlan(), OPTIONS)
    assert leftovers(scratch) == []


def test_an_image_that_exceeds_the_memory_limit_is_refused(render: Callable[..., Pixels]) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9)))

    with pytest.raises(RenderFailed, match="50000 x 50000"):
        render(bomb, "png")


@pytest.fixture
def slow_page(tmp_path: Path) -> Path:
    """A page that takes many seconds to render: two million overlapping strokes."""
    content = b"0 0 612 792 re f\n" * 20_000
    source = tmp_path / "slow.pdf"
    source.write_bytes(pdf([content * 20, text("quick")], size=(612, 792)))
    return source


def test_a_page_that_takes_too_long_fails_alone(
    slow_page: Path, new_renderer: Callable[..., Renderer], scratch: Path
) -> None:
    renderer = new_renderer(page_timeout_s=2.0)
    plan = RenderPlan(dpi=300)
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, plan, OPTIONS).view)

    with pytest.raises(RenderTimeout, match="page_timeout_s"):
        renderer.render(slow_page, "pdf", SHA, 1, plan, OPTIONS)

    assert leftovers(scratch) == []
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, plan, OPTIONS).view)


def test_a_page_that_needs_too_much_memory_fails_alone(
    tmp_path: Path, new_renderer: Callable[..., Renderer], scratch: Path
) -> None:
    # Nested groups: each needs a picture of the whole page while it is rendered.
    group = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Group << /S /Transparency /I true >>"
    )
    inner = b" /Resources << /ExtGState << /G << /ca 0.5 >> >> /XObject << /N %d 0 R >> >>"
    layers = [stream(b"/G gs /N Do", group + inner % number) for number in (5, 6, 7)]
    layers.append(stream(box(1, 0, 0, (0, 0, 612, 792)), group))
    extra = b"/Resources << /ExtGState << /G << /ca 0.5 >> >> /XObject << /N 4 0 R >> >>"
    source = tmp_path / "groups.pdf"
    source.write_bytes(pdf([b"/G gs /N Do", b""], objects=layers, page_extra=extra))
    renderer = new_renderer(page_memory_mb=256)

    with pytest.raises(RenderMemory, match="page_memory_mb"):
        renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=1200), OPTIONS)

    assert leftovers(scratch) == []
    renderer.discard(renderer.render(source, "pdf", SHA, 2, RenderPlan(), OPTIONS).view)


def test_a_crash_of_the_renderer_fails_the_page(
    slow_page: Path, new_renderer: Callable[..., Renderer], scratch: Path
) -> None:
    renderer = new_renderer()
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, RenderPlan(), OPTIONS).view)
    (child,) = renderer_children()
    threading.Timer(0.3, os.kill, (child, signal.SIGSEGV)).start()

    with pytest.raises(RenderFailed, match="SIGSEGV"):
        renderer.render(slow_page, "pdf", SHA, 1, RenderPlan(dpi=300), OPTIONS)

    assert leftovers(scratch) == []
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, RenderPlan(), OPTIONS).view)


def renderer_children() -> list[int]:
    """Rendering processes of this process that have slow.pdf open."""
    pids = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text("ascii").rsplit(")", 1)[1].split()
            files = [str(link.readlink()) for link in (folder / "fd").iterdir()]
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and any(name.endswith("slow.pdf") for name in files):
            pids.append(int(folder.name))
    return pids


def test_closing_removes_pixels_and_fails_waiting_pages(slow_page: Path, tmp_path: Path) -> None:
    renderer = Renderer(Settings(), processes=1, scratch=tmp_path / "scratch")
    with ThreadPoolExecutor(2) as pool:
        pages = [
            pool.submit(renderer.render, slow_page, "pdf", SHA, 1, RenderPlan(dpi=300), OPTIONS)
            for _ in range(2)
        ]
        wait_until(lambda: bool(renderer_children()))
        renderer.close()

        for page in pages:
            with pytest.raises(HelperUnavailable):
                page.result(10)

    assert list((tmp_path / "scratch").iterdir()) == []


@needs_data
def test_hostile_real_pages_are_rendered_small_or_refused(
    renderer: Renderer, scratch: Path
) -> None:
    for name in ("hugemono.pdf", "enormous.pdf", "aspect.pdf", "negzero.pdf", "invalid.pdf"):
        try:
            plan = RenderPlan(longest_side=640)
            view = renderer.render(DATA / "robust" / name, "pdf", SHA, 1, plan, OPTIONS).view
        except RenderFailed as error:
            assert name == "invalid.pdf"
            assert error.message
        else:
            assert max(view.width, view.height) <= 641
            renderer.discard(view)
    assert leftovers(scratch) == []


def test_a_page_that_is_no_dictionary_does_not_affect_the_next_page(
    render: Callable[..., Pixels],
) -> None:
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
            b"[ /not /a /page ]",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        ]
    )

    assert render(document, page=2).shape == (99, 99, 3)


def test_a_page_without_area_fails_without_a_retry(render: Callable[..., Pixels]) -> None:
    flat = pdf([b""]).replace(b"[0 0 612 792]", b"[0 0 612 -2147483648]")

    with pytest.raises(RenderFailed):
        render(flat, plan=RenderPlan(longest_side=1000))
