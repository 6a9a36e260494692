"""Pages drawn for engines: right pixels, right sizes, and failures that cost one page."""

import io
import itertools
import os
import signal
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from shared.config.settings import Settings
from shared.domain.errors import HelperUnavailable, RenderFailed, RenderMemory, RenderTimeout
from shared.domain.records import BBox, PageOptions
from tests.support.documents.pdf_samples import assemble, box, pdf, stream, text
from tests.support.paths import DATA
from workers.engines.contract import RenderPlan, Rotation
from workers.pipeline.rendering import Rendered, Renderer
from workers.pipeline.rendering_child import MAX_CROP_BYTES, MAX_CROP_PIXELS, resolve_prepare

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")
OPTIONS = PageOptions(engine="fake", model="fake")
SHA = "0" * 64
POINTS = RenderPlan(dpi=72)
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def renderer(scratch: Path) -> Iterator[Renderer]:
    renderer = Renderer(Settings(page_memory_mb=1024), processes=1, scratch=scratch)
    yield renderer
    renderer.close()


@pytest.fixture
def new_renderer(scratch: Path) -> Iterator[Callable[..., Renderer]]:
    with ExitStack() as stack:

        def make(processes: int = 1, **settings: Any) -> Renderer:
            renderer = Renderer(Settings(**settings), processes, scratch)
            stack.callback(renderer.close)
            return renderer

        yield make


@pytest.fixture
def draw(renderer: Renderer, tmp_path: Path) -> Callable[..., Pixels]:
    numbers = itertools.count()

    def render_page(
        document: bytes, kind: str = "pdf", page: int = 1, plan: RenderPlan = POINTS
    ) -> Pixels:
        path = tmp_path / f"document{next(numbers)}"
        path.write_bytes(document)
        rendered = renderer.render(path, kind, SHA, page, plan, OPTIONS)
        pixels = pixels_of(rendered)
        renderer.discard(rendered.view)
        return pixels

    return render_page


def pixels_of(rendered: Rendered) -> Pixels:
    view = rendered.view
    assert view.pixels is not None
    data = np.fromfile(view.pixels, np.uint8)
    return data.reshape(view.height, view.width, 3)


def leftovers(scratch: Path) -> list[Path]:
    return [path for path in scratch.rglob("*") if path.is_file() and path.name != "lock"]


def quadrants(width: int = 200, height: int = 100) -> bytes:
    """A page whose upper left is red, upper right green, lower left blue, lower right white."""
    w, h = width / 2, height / 2
    content = box(1, 0, 0, (0, h, w, h)) + box(0, 1, 0, (w, h, w, h)) + box(0, 0, 1, (0, 0, w, h))
    return content


def corners(pixels: Pixels) -> list[tuple[int, ...]]:
    """Colours in the middle of each quadrant: upper left and right, lower left and right."""
    height, width = pixels.shape[:2]
    spots = ((1, 1), (1, 3), (3, 1), (3, 3))
    return [tuple(pixels[y * height // 4, x * width // 4].tolist()) for y, x in spots]


def encoded(image: Image.Image, fmt: str = "PNG", **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **how)
    return buffer.getvalue()


def quadrant_image(width: int = 200, height: int = 100) -> Image.Image:
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def test_a_pdf_page_is_handed_over_as_raw_rgb(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100)))

    rendered = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=144), OPTIONS)

    view = rendered.view
    assert (view.width, view.height) == (400, 200)
    assert view.pixels is not None and view.pixels.stat().st_size == 400 * 200 * 3
    assert corners(pixels_of(rendered)) == [RED, GREEN, BLUE, WHITE]
    assert (view.source, view.page, view.kind, view.sha256) == (source, 1, "pdf", SHA)
    assert view.options == OPTIONS and view.prepared is None
    assert not rendered.blank and rendered.render_ms > 0 and rendered.prepare_ms < 1
    renderer.discard(view)
    assert not view.pixels.exists()
    renderer.discard(view)


@pytest.mark.parametrize(
    ("plan", "size"),
    [
        (RenderPlan(), (400, 200)),
        (RenderPlan(dpi=36), (100, 50)),
        (RenderPlan(longest_side=300), (300, 150)),
        (RenderPlan(dpi=72, longest_side=300), (200, 100)),
    ],
)
def test_a_pdf_page_has_the_planned_size(
    draw: Callable[..., Pixels], plan: RenderPlan, size: tuple[int, int]
) -> None:
    pixels = draw(pdf([quadrants()], size=(200, 100)), plan=plan)

    assert (pixels.shape[1], pixels.shape[0]) == size


def test_exact_draws_like_the_official_script(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([text("hello")], size=(595.28, 841.89)))
    exact = OPTIONS.model_copy(update={"exact": True})

    rendered = renderer.render(source, "pdf", SHA, 1, RenderPlan(longest_side=300), exact)

    assert (rendered.view.width, rendered.view.height) == (1191, 1684)
    renderer.discard(rendered.view)


@pytest.mark.parametrize(
    ("rotate", "seen"),
    [
        (90, [BLUE, RED, WHITE, GREEN]),
        (180, [WHITE, BLUE, GREEN, RED]),
        (270, [GREEN, WHITE, RED, BLUE]),
    ],
)
def test_the_rotation_of_a_pdf_page_is_respected(
    draw: Callable[..., Pixels], rotate: int, seen: list[tuple[int, ...]]
) -> None:
    document = pdf([quadrants()], size=(200, 100), page_extra=b"/Rotate %d" % rotate)

    assert corners(draw(document)) == seen


def test_annotations_and_form_fields_are_drawn(draw: Callable[..., Pixels]) -> None:
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 50] >>"
    appearance = stream(box(1, 0, 0, (0, 0, 100, 50)), form[2:-2])
    stamp = b"<< /Type /Annot /Subtype /Stamp /Rect [0 50 100 100] /F 4 /AP << /N 4 0 R >> >>"
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (MMMM) /Rect [100 0 200 50] /F 4 "
        b"/DA (/Helv 30 Tf 0 g) /MK << >> >>"
    )
    document = pdf(
        [b""],
        size=(200, 100),
        objects=[appearance, stamp, field],
        page_extra=b"/Annots [5 0 R 6 0 R]",
        catalog_extra=b"/AcroForm << /Fields [6 0 R] /NeedAppearances true "
        b"/DA (/Helv 30 Tf 0 g) /DR << /Font << /Helv 3 0 R >> >> >>",
    )

    pixels = draw(document)

    assert corners(pixels)[0] == RED
    assert pixels[50:, 100:].min() < 100


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize(("fmt", "kind"), [("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tiff")])
def test_the_orientation_of_a_photograph_is_respected(
    draw: Callable[..., Pixels], fmt: str, kind: str, orientation: int
) -> None:
    turned = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}
    turn = turned.get(orientation, Image.Transpose.ROTATE_270)
    stored = quadrant_image() if turn is None else quadrant_image().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"quality": 100, "subsampling": 0} if fmt == "JPEG" else {}

    pixels = draw(encoded(stored, fmt, exif=exif, **how), kind)

    assert pixels.shape == (100, 200, 3)
    expected = np.array([RED, GREEN, BLUE, WHITE], np.int16)
    assert np.abs(np.array(corners(pixels), np.int16) - expected).max() < 10


@pytest.mark.parametrize(
    ("image", "fmt", "seen"),
    [
        (Image.new("RGBA", (80, 80), (0, 0, 0, 0)), "PNG", WHITE),
        (Image.new("RGBA", (80, 80), (0, 0, 0, 255)), "PNG", BLACK),
        (Image.new("LA", (80, 80), (0, 0)), "PNG", WHITE),
        (Image.new("CMYK", (80, 80), (0, 255, 255, 0)), "JPEG", RED),
        (Image.new("CMYK", (80, 80), (0, 0, 0, 0)), "TIFF", WHITE),
        (Image.new("1", (80, 80), 1), "PNG", WHITE),
        (Image.new("1", (80, 80), 0), "TIFF", BLACK),
        (Image.new("I;16", (80, 80), 65535), "PNG", WHITE),
        (Image.new("I;16", (80, 80), 4095), "TIFF", WHITE),
        (Image.new("F", (80, 80), 255.0), "TIFF", WHITE),
        (Image.new("RGB", (80, 80), BLUE).convert("P"), "PNG", BLUE),
        (Image.new("RGBA", (80, 80), (0, 255, 0, 255)), "WEBP", GREEN),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_images_of_any_mode_become_the_rgb_that_people_see(
    draw: Callable[..., Pixels], image: Image.Image, fmt: str, seen: tuple[int, ...]
) -> None:
    kind = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "WEBP": "webp"}[fmt]

    pixels = draw(encoded(image, fmt), kind)

    assert np.abs(pixels[40, 40].astype(int) - seen).max() <= 3


def test_a_transparent_palette_colour_is_white(draw: Callable[..., Pixels]) -> None:
    image = Image.new("P", (80, 80), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.paste(1, (0, 0, 40, 80))

    pixels = draw(encoded(image, transparency=0), "png")

    assert pixels[40, 10].tolist() == list(RED)
    assert pixels[40, 70].tolist() == list(WHITE)


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_large_image_is_brought_down_to_the_plan(draw: Callable[..., Pixels], fmt: str) -> None:
    kind = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "WEBP": "webp"}[fmt]

    pixels = draw(encoded(quadrant_image(2000, 1000), fmt), kind, plan=RenderPlan(longest_side=500))

    assert pixels.shape == (250, 500, 3)
    assert np.abs(np.array(corners(pixels), int) - [RED, GREEN, BLUE, WHITE]).max() < 10


def test_every_frame_of_a_tiff_is_its_own_page(draw: Callable[..., Pixels]) -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, GREEN, BLUE)]
    document = encoded(
        frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="tiff_deflate"
    )

    seen = [tuple(draw(document, "tiff", page)[40, 40].tolist()) for page in (3, 1, 2, 2)]

    assert seen == [BLUE, RED, GREEN, GREEN]


def test_a_cached_tiff_gives_its_frames_in_any_order(renderer: Renderer, tmp_path: Path) -> None:
    frames = [Image.new("L", (80, 80 + 10 * number), 20 * number) for number in range(10)]
    source = tmp_path / "frames.tif"
    frames[0].save(
        source, save_all=True, append_images=frames[1:], compression="group4" if 0 else None
    )

    for page in (10, 1, 5, 5, 2, 9):
        rendered = renderer.render(source, "tiff", SHA, page, RenderPlan(), OPTIONS)
        assert rendered.view.height == 80 + 10 * (page - 1)
        assert pixels_of(rendered)[5, 5].tolist() == [20 * (page - 1)] * 3
        renderer.discard(rendered.view)


def test_fax_pages_get_square_pixels(draw: Callable[..., Pixels]) -> None:
    document = encoded(Image.new("1", (408, 196), 1), "TIFF", dpi=(204, 98), compression="group4")

    pixels = draw(document, "tiff")

    assert pixels.shape == (408, 408, 3)


def test_a_tiny_image_is_enlarged_to_something_readable(draw: Callable[..., Pixels]) -> None:
    assert draw(encoded(Image.new("L", (4, 2))), "png").shape == (32, 64, 3)


@pytest.mark.parametrize("size", [(1, 1), (14_400, 1), (3, 14_400), (14_400, 14_400)])
def test_pages_of_absurd_size_stay_inside_the_limits(
    tmp_path: Path, new_renderer: Callable[..., Renderer], size: tuple[int, int]
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([b""], size=size))
    renderer = new_renderer(max_page_pixels=1_000_000)

    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=600), OPTIONS).view

    assert 0 < view.width * view.height <= 1_000_000


def test_no_pixels_are_made_where_none_are_wanted(renderer: Renderer, tmp_path: Path) -> None:
    rendered = renderer.render(
        tmp_path / "absent.pdf", "pdf", SHA, 3, RenderPlan(pixels=False), OPTIONS
    )

    view = rendered.view
    assert (view.width, view.height, view.pixels, view.prepared) == (0, 0, None, None)
    assert not rendered.blank


def test_a_page_without_ink_is_blank(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([b"", text("one word", size=8)]))

    blanks = []
    for page in (1, 2):
        rendered = renderer.render(source, "pdf", SHA, page, RenderPlan(), OPTIONS)
        blanks.append(rendered.blank)
        renderer.discard(rendered.view)

    assert blanks == [True, False]


@needs_data
def test_real_pages_are_blank_or_not(renderer: Renderer) -> None:
    def blank(name: str, page: int) -> bool:
        rendered = renderer.render(DATA / name, "pdf", SHA, page, RenderPlan(), OPTIONS)
        renderer.discard(rendered.view)
        return rendered.blank

    assert blank("robust/blank.pdf", 1)
    assert [blank("documents/skipped_2pages.pdf", page) for page in (1, 2, 3, 4)] == [False] * 4


def test_the_engines_input_is_prepared_beside_the_pixels(
    renderer: Renderer, scratch: Path, tmp_path: Path
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([text("hello"), b""]))
    plan = RenderPlan(longest_side=400, prepare="workers.engines.deepseek.prepare:prepare_page")
    options = PageOptions(engine="vllm", model="deepseek-ai/DeepSeek-OCR")

    rendered = renderer.render(source, "pdf", SHA, 1, plan, options)
    empty = renderer.render(source, "pdf", SHA, 2, plan, options)

    view = rendered.view
    assert view.prepared is not None and view.prepared.stat().st_size > 1000
    assert rendered.prepare_ms > 0
    assert empty.blank and empty.view.prepared is None
    renderer.discard(view)
    renderer.discard(empty.view)
    assert leftovers(scratch) == []


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


def test_pages_that_do_not_exist_fail_for_good(draw: Callable[..., Pixels], scratch: Path) -> None:
    for document, kind in ((pdf(), "pdf"), (encoded(quadrant_image()), "png")):
        with pytest.raises(RenderFailed, match="no page 2"):
            draw(document, kind, page=2)
    with pytest.raises(RenderFailed, match="no page 2"):
        draw(encoded(quadrant_image(), "TIFF"), "tiff", page=2)
    assert leftovers(scratch) == []


def test_damaged_files_fail_for_good(draw: Callable[..., Pixels], scratch: Path) -> None:
    picture = encoded(quadrant_image(900, 900))
    for document, kind in ((b"%PDF-1.7", "pdf"), (picture[: len(picture) // 2], "png")):
        with pytest.raises(RenderFailed):
            draw(document, kind)
    with pytest.raises(RenderFailed, match="exe"):
        draw(b"MZ", "exe")
    assert leftovers(scratch) == []


def test_a_source_that_has_gone_is_no_fault_of_the_page(
    renderer: Renderer, tmp_path: Path, scratch: Path
) -> None:
    with pytest.raises(HelperUnavailable, match="gone"):
        renderer.render(tmp_path / "gone.pdf", "pdf", SHA, 1, RenderPlan(), OPTIONS)
    assert leftovers(scratch) == []


def test_an_image_that_would_burst_the_memory_is_refused(draw: Callable[..., Pixels]) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9)))

    with pytest.raises(RenderFailed, match="50000 x 50000"):
        draw(bomb, "png")


@pytest.fixture
def slow_page(tmp_path: Path) -> Path:
    """A page that takes many seconds to draw: two million overlapping strokes."""
    content = b"0 0 612 792 re f\n" * 20_000
    source = tmp_path / "slow.pdf"
    source.write_bytes(pdf([content * 20, text("quick")], size=(612, 792)))
    return source


def test_a_page_that_takes_too_long_costs_only_itself(
    slow_page: Path, new_renderer: Callable[..., Renderer], scratch: Path
) -> None:
    renderer = new_renderer(page_timeout_s=0.6)
    plan = RenderPlan(dpi=300)
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, plan, OPTIONS).view)

    with pytest.raises(RenderTimeout, match="page_timeout_s"):
        renderer.render(slow_page, "pdf", SHA, 1, plan, OPTIONS)

    assert leftovers(scratch) == []
    renderer.discard(renderer.render(slow_page, "pdf", SHA, 2, plan, OPTIONS).view)


def test_a_page_that_needs_too_much_memory_costs_only_itself(
    tmp_path: Path, new_renderer: Callable[..., Renderer], scratch: Path
) -> None:
    # Groups inside groups: each needs a picture of the whole page while it is drawn.
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


def test_a_crash_of_the_renderer_is_the_pages_failure(
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
    """Rendering processes of this one that have a document open (the module's may too)."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text("ascii").rsplit(")", 1)[1].split()
            files = [str(link.readlink()) for link in (folder / "fd").iterdir()]
        except OSError:
            continue
        if int(fields[1]) == os.getpid() and any(name.endswith("slow.pdf") for name in files):
            found.append(int(folder.name))
    return found


def test_closing_removes_pixels_and_ends_waiting_pages(slow_page: Path, tmp_path: Path) -> None:
    renderer = Renderer(Settings(), processes=1, scratch=tmp_path / "scratch")
    with ThreadPoolExecutor(2) as pool:
        pages = [
            pool.submit(renderer.render, slow_page, "pdf", SHA, 1, RenderPlan(dpi=300), OPTIONS)
            for _ in range(2)
        ]
        time.sleep(1.5)
        renderer.close()

        for page in pages:
            with pytest.raises(HelperUnavailable):
                page.result(10)

    assert list((tmp_path / "scratch").iterdir()) == []


def test_many_threads_get_each_their_own_page(
    scratch: Path, tmp_path: Path, new_renderer: Callable[..., Renderer]
) -> None:
    shades = [number / 40 for number in range(40)]
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([box(s, s, s, (0, 0, 70, 70)) for s in shades], size=(70, 70)))
    renderer = new_renderer(processes=2)

    def shade(page: int) -> int:
        rendered = renderer.render(source, "pdf", SHA, page, RenderPlan(dpi=72), OPTIONS)
        value = int(pixels_of(rendered)[35, 35, 0])
        renderer.discard(rendered.view)
        return value

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(shade, range(1, 41)))

    assert seen == pytest.approx([255 * s for s in shades], abs=1.5)
    assert leftovers(scratch) == []


def test_a_document_is_not_opened_again_for_each_page(renderer: Renderer, tmp_path: Path) -> None:
    whole = pdf([b""] * 4000, size=(70, 70))
    source = tmp_path / "without_table.pdf"
    # Without its table of objects the file has to be searched for them when it is opened.
    source.write_bytes(whole[: whole.rindex(b"xref\n0")] + b"trailer << /Root 1 0 R >>\n%%EOF\n")

    times = []
    for page in (1, 2000, 4000, 3):
        rendered = renderer.render(source, "pdf", SHA, page, RenderPlan(), OPTIONS)
        times.append(rendered.render_ms)
        renderer.discard(rendered.view)

    assert max(times[1:]) < times[0] / 2


def test_a_file_that_is_replaced_is_opened_anew(renderer: Renderer, tmp_path: Path) -> None:
    source, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    sizes = []
    for width in (100, 200):
        other.write_bytes(pdf([b""], size=(width, 100)))
        other.replace(source)
        rendered = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=72), OPTIONS)
        sizes.append(rendered.view.width)
        renderer.discard(rendered.view)

    assert sizes == [100, 200]


UPPER_LEFT: BBox = (20, 20, 480, 480)


@pytest.mark.parametrize("kind", ["pdf", "png"])
@pytest.mark.parametrize(
    ("rotation", "seen"),
    # What a reader sees in the upper left after turning the page clockwise.
    [(0, RED), (90, BLUE), (180, WHITE), (270, GREEN)],
)
def test_figures_are_cut_from_the_upright_page(
    renderer: Renderer, tmp_path: Path, kind: str, rotation: Rotation, seen: tuple[int, ...]
) -> None:
    source = tmp_path / "a"
    source.write_bytes(
        pdf([quadrants()], size=(200, 100)) if kind == "pdf" else encoded(quadrant_image())
    )
    view = renderer.render(source, kind, SHA, 1, RenderPlan(), OPTIONS).view
    renderer.discard(view)

    first, again = (renderer.crop(view, rotation, [UPPER_LEFT])[0] for _ in range(2))

    with Image.open(io.BytesIO(first)) as figure:
        assert set(figure.get_flattened_data()) == {seen}
        upright_is_wide = rotation in (0, 180)
        assert (figure.width > figure.height) == upright_is_wide
    assert first == again


def test_figures_come_in_the_order_of_their_boxes_and_whatever_their_shape(
    renderer: Renderer, tmp_path: Path
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100)))
    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(pixels=False), OPTIONS).view
    boxes: list[BBox] = [
        (520, 20, 980, 480),
        (480, 480, 20, 20),
        (0, 0, 0, 0),
        (999, 999, 999, 999),
        (0, 0, 999, 999),
    ]

    figures = [Image.open(io.BytesIO(data)) for data in renderer.crop(view, 0, boxes)]

    assert [figure.convert("RGB").getpixel((0, 0)) for figure in figures] == [
        GREEN, RED, RED, WHITE, RED,
    ]  # fmt: skip
    assert figures[4].size == (556, 278)
    assert renderer.crop(view, 0, []) == []


def test_figures_respect_the_rotation_of_the_pdf_page(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100), page_extra=b"/Rotate 90"))
    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(pixels=False), OPTIONS).view

    (figure,) = renderer.crop(view, 0, [UPPER_LEFT])

    with Image.open(io.BytesIO(figure)) as image:
        assert set(image.get_flattened_data()) == {BLUE}


def test_figures_are_bounded_in_pixels_and_bytes(renderer: Renderer, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2500, 2500, 3), np.uint8)
    source = tmp_path / "noise.png"
    Image.fromarray(noise).save(source, compress_level=0)
    view = renderer.render(source, "png", SHA, 1, RenderPlan(pixels=False), OPTIONS).view

    (figure,) = renderer.crop(view, 0, [(0, 0, 999, 999)])

    assert len(figure) <= MAX_CROP_BYTES
    with Image.open(io.BytesIO(figure)) as image:
        assert image.width * image.height <= MAX_CROP_PIXELS


@needs_data
def test_hostile_real_pages_are_drawn_small_or_refused(renderer: Renderer, scratch: Path) -> None:
    for name in ("hugemono.pdf", "enormous.pdf", "aspect.pdf", "negzero.pdf", "invalid.pdf"):
        try:
            plan = RenderPlan(longest_side=640)
            view = renderer.render(DATA / "robust" / name, "pdf", SHA, 1, plan, OPTIONS).view
        except RenderFailed as error:
            assert name == "invalid.pdf" and error.message
        else:
            assert max(view.width, view.height) <= 641
            renderer.discard(view)
    assert leftovers(scratch) == []


def test_a_page_that_is_no_dictionary_fails_and_its_neighbour_does_not(
    draw: Callable[..., Pixels],
) -> None:
    document = assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
            b"[ /not /a /page ]",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        ]
    )

    assert draw(document, page=2).shape == (99, 99, 3)


def test_a_page_without_area_fails_for_good(draw: Callable[..., Pixels]) -> None:
    flat = pdf([b""]).replace(b"[0 0 612 792]", b"[0 0 612 -2147483648]")

    with pytest.raises(RenderFailed):
        draw(flat, plan=RenderPlan(longest_side=1000))
