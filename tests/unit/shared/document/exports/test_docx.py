"""``--to docx``: python-docx reads text, styles, lists, tables, links, figures and notes."""

import io
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.documents.exported import everything, export_input, hostile_pages

docx = pytest.importorskip("docx")
from shared.document.exports.word.docx import write_docx  # noqa: E402

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def opened(data: bytes):  # type: ignore[no-untyped-def]
    return docx.Document(io.BytesIO(data))


def test_styles_follow_the_structure() -> None:
    document = opened(write_docx(everything()))

    styled = [(each.style.name, each.text) for each in document.paragraphs if each.text]
    assert styled == [
        ("Title", "The Harbour"),
        ("Normal", "It has bold, italic, code and a link. A note follows here.[1]"),
        ("Heading 2", "Lists"),
        ("List Bullet", "one"),
        ("List Bullet 2", "nested"),
        ("List Bullet", "two"),
        ("List Number", "three"),
        ("List Number", "four"),
        ("Quote", "Quoted words."),
        ("Heading 2", "Tables"),
        ("Normal", "Figure 1: a caption."),
        ("No Spacing", "x < y & z\n  indented"),
        ("Normal", r"Energy is \(E = mc^2\)."),
        ("Quote", "Page 3 could not be read (repetition): a loop"),
        ("Normal", "Last words."),
        ("Heading 1", "Notes"),
        ("Normal", "[1] The text of the note."),
    ]


def test_bold_italic_code_and_links_are_kept() -> None:
    paragraph = opened(write_docx(everything())).paragraphs[1]

    runs = {run.text: run for run in paragraph.runs}
    assert (runs["bold"].bold, runs["italic"].italic) == (True, True)
    assert runs["code"].font.name == "Courier New"
    (link,) = paragraph.hyperlinks
    assert (link.text, link.address) == ("link", "https://e.com/?a=1&b=2")


def test_a_numbered_list_begins_with_its_number() -> None:
    data = write_docx(export_input(["3. three\n4. four\n\nwords\n\n1. one"]))

    numbering = zipfile.ZipFile(io.BytesIO(data)).read("word/numbering.xml").decode()
    assert numbering.count("<w:startOverride") == 2
    assert '<w:startOverride w:val="3"/>' in numbering
    numbers = [
        each._p.pPr.numPr.numId.val
        for each in opened(data).paragraphs
        if each.style.name == "List Number"
    ]
    assert numbers[0] == numbers[1] != numbers[2]


def test_tables_have_spans_and_bold_headings() -> None:
    first, second = opened(write_docx(everything())).tables

    assert [[cell.text for cell in row.cells] for row in first.rows] == [
        ["Head", "Head"],
        ["a", "b"],
        ["a", "c"],
    ]
    assert first.cell(0, 0)._tc is first.cell(0, 1)._tc
    assert first.cell(0, 0).paragraphs[0].runs[0].bold
    assert [[cell.text for cell in row.cells] for row in second.rows] == [["a", "b"], ["p|q", "r"]]


def test_a_figure_is_a_picture_inside_the_margins() -> None:
    document = opened(write_docx(everything()))

    (shape,) = document.inline_shapes
    assert 0 < shape.width <= document.sections[0].page_width


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\ndamaged"])
def test_a_damaged_figure_is_named_and_left_out(data: bytes) -> None:
    document = opened(write_docx(export_input(["![](figure:1)\n\nwords"], figure=data)))

    assert [each.text for each in document.paragraphs] == ["[figure not available]", "words"]


def test_a_table_of_very_many_cells_is_text() -> None:
    rows = "".join(f"<tr>{f'<td>{number}</td>' * 30}</tr>" for number in range(700))

    document = opened(write_docx(export_input([f"<table>{rows}</table>"])))

    assert document.tables == []
    assert document.paragraphs[699].text == " | ".join(["699"] * 30)


def test_a_table_with_more_columns_than_word_opens_is_text() -> None:
    document = opened(write_docx(export_input([f"<table><tr>{'<td>a</td>' * 64}</tr></table>"])))

    assert document.tables == []


def test_a_cell_covers_a_thousand_rows() -> None:
    rows = "<tr><td>b</td></tr>" * 998
    text = f"<table><tr><td rowspan=999>a</td><td>b</td></tr>{rows}</table>"

    (table,) = opened(write_docx(export_input([text]))).tables

    merged = table._tbl.xpath(".//w:vMerge/@w:val")
    assert merged == ["restart", *["continue"] * 998]


def test_a_row_with_few_cells_is_filled() -> None:
    text = "<table><tr><td>a</td><td>b</td><td>c</td></tr><tr><td>d</td></tr></table>"

    (table,) = opened(write_docx(export_input([text]))).tables

    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["a", "b", "c"],
        ["d", "", ""],
    ]


def test_many_links_lists_and_figures_take_no_more_than_their_share() -> None:
    """python-docx compares each with all others, which took minutes for a long document."""
    links = " ".join(f"[a](https://e.com/{number})" for number in range(2_000))
    lists = "\n\n".join(f"{number}. a\n\nwords" for number in range(800))
    started = time.process_time()

    data = write_docx(export_input([links, lists, "![](figure:1)\n\n![](figure:2)\n\n" * 800]))

    assert time.process_time() - started < 8
    assert len(opened(data).inline_shapes) == 1_600


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile_pages)
def test_hostile_pages_stay_text(texts: list[str]) -> None:
    data = write_docx(export_input([*texts, "SENTINEL\x00\x1b"]))

    assert data == write_docx(export_input([*texts, "SENTINEL\x00\x1b"]))
    document = opened(data)
    assert any("SENTINEL" in each.text for each in document.paragraphs)
    links = [rel.target_ref for rel in document.part.rels.values() if rel.is_external]
    assert all(link.lower().startswith(("http://", "https://", "mailto:")) for link in links)
    allowed = {"p", "tbl", "sectPr"}
    assert {child.tag.removeprefix(WORD) for child in document.element.body} <= allowed
