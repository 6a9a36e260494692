"""PDF pages are rendered with the right pixels in the planned size."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.domain.records.options import PageOptions
from tests.support.documents.pdf_samples import box, pdf, stream, text
from tests.support.documents.rendered_pages import (
    BLUE,
    GREEN,
    OPTIONS,
    RED,
    SHA,
    WHITE,
    Pixels,
    corners,
    leftovers,
    pixels_of,
    quadrants,
)
from tests.support.paths import DATA
from workers.engines.contract import RenderPlan
from workers.pipeline.rendering import Renderer

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")


def test_a_pdf_page_is_passed_as_raw_rgb(renderer: Renderer, tmp_path: Path) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([quadrants()], size=(200, 100)))

    rendered = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=144), OPTIONS)

    view = rendered.view
    assert (view.width, view.height) == (400, 200)
    assert view.pixels is not None
    assert view.pixels.stat().st_size == 400 * 200 * 3
    assert corners(pixels_of(rendered)) == [RED, GREEN, BLUE, WHITE]
    assert (view.source, view.page, view.kind, view.sha256) == (source, 1, "pdf", SHA)
    assert view.options == OPTIONS
    assert view.prepared is None
    assert not rendered.blank
    assert rendered.render_ms > 0
    assert rendered.prepare_ms < 1
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
    render: Callable[..., Pixels], plan: RenderPlan, size: tuple[int, int]
) -> None:
    pixels = render(pdf([quadrants()], size=(200, 100)), plan=plan)

    assert (pixels.shape[1], pixels.shape[0]) == size


def test_exact_renders_like_the_official_script(renderer: Renderer, tmp_path: Path) -> None:
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
    render: Callable[..., Pixels], rotate: int, seen: list[tuple[int, ...]]
) -> None:
    document = pdf([quadrants()], size=(200, 100), page_extra=b"/Rotate %d" % rotate)

    assert corners(render(document)) == seen


def test_annotations_and_form_fields_are_rendered(render: Callable[..., Pixels]) -> None:
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

    pixels = render(document)

    assert corners(pixels)[0] == RED
    assert pixels[50:, 100:].min() < 100


@pytest.mark.parametrize("size", [(1, 1), (14_400, 1), (3, 14_400), (14_400, 14_400)])
def test_pages_of_extreme_size_stay_inside_the_limits(
    tmp_path: Path, new_renderer: Callable[..., Renderer], size: tuple[int, int]
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([b""], size=size))
    renderer = new_renderer(max_page_pixels=1_000_000)

    view = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=600), OPTIONS).view

    assert 0 < view.width * view.height <= 1_000_000


def test_a_plan_without_pixels_renders_nothing(renderer: Renderer, tmp_path: Path) -> None:
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


def test_the_input_of_the_engine_is_prepared_with_the_pixels(
    renderer: Renderer, scratch: Path, tmp_path: Path
) -> None:
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf([text("hello"), b""]))
    plan = RenderPlan(longest_side=400, prepare="workers.engines.deepseek.prepare:prepare_page")
    options = PageOptions(engine="vllm", model="deepseek-ai/DeepSeek-OCR")

    rendered = renderer.render(source, "pdf", SHA, 1, plan, options)
    empty = renderer.render(source, "pdf", SHA, 2, plan, options)

    view = rendered.view
    assert view.prepared is not None
    assert view.prepared.stat().st_size > 1000
    assert rendered.prepare_ms > 0
    assert empty.blank
    assert empty.view.prepared is None
    renderer.discard(view)
    renderer.discard(empty.view)
    assert leftovers(scratch) == []


def test_each_of_many_threads_gets_its_own_page(
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


def test_a_replaced_file_is_opened_again(renderer: Renderer, tmp_path: Path) -> None:
    source, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    sizes = []
    for width in (100, 200):
        other.write_bytes(pdf([b""], size=(width, 100)))
        other.replace(source)
        rendered = renderer.render(source, "pdf", SHA, 1, RenderPlan(dpi=72), OPTIONS)
        sizes.append(rendered.view.width)
        renderer.discard(rendered.view)

    assert sizes == [100, 200]
