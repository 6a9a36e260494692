"""``--to docling``: docling's own library loads the file, writes Markdown of it and chunks it."""

import importlib
import json
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from shared.document.exports.export_input import ExportInput
from tests.support.documents.exported import everything, export_input, hostile_pages

pytestmark = pytest.mark.skipif(find_spec("docling_core") is None, reason="needs docling-core")
CHUNKER = "docling_core.transforms.chunker"


# docling's library is imported by the tests: it takes seconds, and every test process collects all.


def write_docling(exported: ExportInput) -> bytes:
    """The function of that name."""
    from shared.document.exports import docling

    return docling.write_docling(exported)


def types_of_docling() -> Any:
    return importlib.import_module("docling_core.types.doc")


def loaded(data: bytes) -> Any:
    return types_of_docling().DoclingDocument.model_validate_json(data)


@pytest.fixture
def chunker(monkeypatch: pytest.MonkeyPatch) -> Any:
    """docling's HierarchicalChunker without its package, which needs transformers."""
    package: Any = types.ModuleType(CHUNKER)
    transforms = importlib.import_module("docling_core.transforms")
    package.__path__ = [str(Path(str(transforms.__file__)).parent / "chunker")]
    monkeypatch.setitem(sys.modules, CHUNKER, package)
    base = importlib.import_module(f"{CHUNKER}.base")
    for name in ("BaseChunk", "BaseChunker", "BaseMeta"):
        setattr(package, name, getattr(base, name))
    return importlib.import_module(f"{CHUNKER}.hierarchical_chunker").HierarchicalChunker()


def test_docling_reads_the_structure() -> None:
    document = loaded(write_docling(everything()))

    items = [(str(item.label.value), level) for item, level in document.iterate_items()]
    assert items == [
        ("title", 1),
        ("text", 1),
        ("footnote", 1),
        ("section_header", 1),
        ("list_item", 2),
        ("list_item", 4),
        ("list_item", 2),
        ("list_item", 2),
        ("list_item", 2),
        ("text", 1),
        ("section_header", 1),
        ("table", 1),
        ("picture", 1),
        ("text", 1),
        ("code", 1),
        ("text", 1),
        ("text", 1),
        ("table", 1),
        ("text", 1),
    ]
    markdown = document.export_to_markdown()
    assert "# The Harbour\n" in markdown
    assert "    - nested" in markdown
    assert "3. three" in markdown
    assert document.origin.filename == "a.pdf"


def test_cells_have_spans_and_headings() -> None:
    table = loaded(write_docling(everything())).tables[0].data

    assert (table.num_rows, table.num_cols) == (3, 2)
    cells = {cell.text: cell for cell in table.table_cells}
    assert (cells["Head"].col_span, cells["Head"].column_header) == (2, True)
    assert (cells["a"].row_span, cells["a"].start_row_offset_idx) == (2, 1)
    assert not cells["b"].column_header


def test_a_table_that_docling_would_not_load_is_text() -> None:
    rows = "<tr><td>first</td></tr>" + "<tr></tr>" * 1001
    page = f"<table><tr>{'<td>a</td>' * 1000}</tr>{rows}</table>\n\nwords"

    document = loaded(write_docling(export_input([page, page])))

    assert not document.tables
    assert [item.text for item in document.texts[1:3]] == ["first", "words"]


def test_items_have_pages_and_boxes_from_the_top_left_in_pixels() -> None:
    page = {
        "markdown": "Some words.",
        "blocks": ({"type": "text", "bbox": (0, 333, 999, 666), "text": "Some words."},),
        "image": {"width": 600, "height": 900},
    }
    document = loaded(write_docling(export_input([page])))

    (item,) = document.texts
    (place,) = item.prov
    assert document.pages[1].size.as_tuple() == (600, 900)
    assert place.bbox.as_tuple() == (0, 300, 600, 600)
    assert place.bbox.coord_origin == types_of_docling().CoordOrigin.TOPLEFT
    assert (place.page_no, place.charspan) == (1, (0, len("Some words.")))


def test_a_caption_belongs_to_its_figure_and_the_picture_is_inside() -> None:
    blocks = ({"type": "image_caption", "bbox": (0, 0, 9, 9), "text": "Figure 1: a boat."},)
    page = {"markdown": "![](figure:1)\n\nFigure 1: a boat.\n\nwords", "blocks": blocks}

    document = loaded(write_docling(export_input([page])))

    (picture,) = document.pictures
    assert picture.caption_text(document) == "Figure 1: a boat."
    assert picture.get_image(document).size == (40, 20)


def test_docling_chunks_the_document(chunker: Any) -> None:
    chunks = list(chunker.chunk(loaded(write_docling(everything()))))

    nested = next(chunk for chunk in chunks if "nested" in chunk.text)
    assert nested.meta.headings == ["The Harbour", "Lists"]
    assert any("Last words." in chunk.text for chunk in chunks)


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile_pages)
def test_hostile_pages_stay_text(texts: list[str]) -> None:
    data = write_docling(export_input([*texts, "SENTINEL words"]))

    assert data == write_docling(export_input([*texts, "SENTINEL words"]))
    assert "SENTINEL words" in [text["text"] for text in json.loads(data)["texts"]]
    html = loaded(data).export_to_html()
    assert "<script>" not in html.split("</head>")[-1]


def test_the_picture_of_a_formula_is_a_picture() -> None:
    document = loaded(write_docling(export_input(["The mean is\n\n![formula: x = y](figure:1)"])))

    labels = [str(item.label.value) for item, _ in document.iterate_items()]
    assert labels == ["text", "picture"]


def test_a_figure_that_is_named_again_has_its_picture_once() -> None:
    data = write_docling(export_input(["![](figure:1)\n\n![](figure:1)\n\n![](figure:2)"]))

    pictures = json.loads(data)["pictures"]
    assert [picture.get("image") is not None for picture in pictures] == [True, False, True]
