"""What is painted over text hides it: no more than the part of the page that it covers."""

from pathlib import Path

import pymupdf
import pytest

from workers.engines.cpu.text_layer.raw_lines import raw_lines
from workers.engines.cpu.text_layer.visible.paint_order import PaintOrder

_SHADING = (
    "<</ShadingType 2 /ColorSpace /DeviceGray /Coords [0 0 300 0] /Extend [true true] "
    "/Function <</FunctionType 2 /Domain [0 1] /C0 [0.2] /C1 [0.8] /N 1>>>>"
)


def page_with_shading(clip: str) -> pymupdf.Document:
    """A page with one line of text, and a shading that is painted later inside of ``clip``."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=400)
    page.insert_text((40, 100), "The ferry stops here", fontsize=12)
    page.clean_contents()
    (content,) = page.get_contents()
    painted = document.xref_stream(content) + f"\nq {clip} /Sh1 sh Q\n".encode()
    document.update_stream(content, painted)
    document.xref_set_key(page.xref, "Resources/Shading", f"<</Sh1 {_SHADING}>>")
    return pymupdf.open(stream=document.tobytes())


def hidden(document: pymupdf.Document) -> str:
    """The characters of the first page that something covers."""
    page = document[0]
    order = PaintOrder(page)
    characters = [c for line in raw_lines(page) for span in line.spans for c in span.characters]
    return "".join(c.text for c in characters if order.is_covered(c))


@pytest.mark.parametrize(
    ("clip", "covered"),
    [
        # A rule below the text, as macOS draws it.
        ("40 280 220 1 re W n", ""),
        # Clips within clips, also without a path.
        ("0 0 300 400 re W n 40 280 220 1 re W n 0 0 300 400 re W n", ""),
        ("0 280 300 60 re W n", "The ferry stops here"),
        ("", "The ferry stops here"),
    ],
)
def test_a_shading_covers_only_what_its_clip_leaves(clip: str, covered: str) -> None:
    assert hidden(page_with_shading(clip)) == covered


def test_a_clip_ends_with_its_state() -> None:
    document = page_with_shading("q 40 280 220 1 re W n Q")

    assert hidden(document) == "The ferry stops here"


def test_a_picture_hides_the_text_below_it(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=400)
        page.insert_text((40, 100), "The ferry stops here", fontsize=12)
        pixmap = pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 40, 40))
        page.insert_image((30, 80, 200, 120), pixmap=pixmap, keep_proportion=False)
        path = tmp_path / "covered.pdf"
        document.save(path)

    assert hidden(pymupdf.open(path)) == "The ferry stops here"
