"""Tables: plain HTML on one line, stacked rows split, no text lost, no markup kept."""

import pytest

from tests.support.engines.cpu_lines import (
    column,
    grid,
    letters,
    line,
    markdown,
    page,
    region,
)
from workers.engines.cpu.blocks.tables.cells import Cell
from workers.engines.cpu.blocks.tables.writing import write_grid
from workers.engines.cpu.values import Box


def cells(*texts: str, tag: str = "td") -> list[Cell]:
    """A row of cells; a line break in a text begins a new line of its cell."""
    return [Cell(tag, tuple(line for line in text.split("\n") if line)) for text in texts]


def test_a_table_has_only_rows_cells_spans_and_escaped_text() -> None:
    header = [Cell("th", ("A", "b"), colspan=2)]

    assert write_grid([header, cells("1", "<script> 2 & 3")]) == (
        '<table><tr><th colspan="2">A b</th></tr>'
        "<tr><td>1</td><td>&lt;script&gt; 2 &amp; 3</td></tr></table>"
    )


def test_numbers_stacked_in_one_row_become_rows() -> None:
    row = cells("6", "OTSL\nHTML", "0.965\n0.969", "2.73\n5.39")

    assert write_grid([row]) == (
        '<table><tr><td rowspan="2">6</td><td>OTSL</td><td>0.965</td><td>2.73</td></tr>'
        "<tr><td>HTML</td><td>0.969</td><td>5.39</td></tr></table>"
    )


@pytest.mark.parametrize(
    "texts",
    [
        ("a long name\nthat wraps", "12"),
        ("wrapped words\nhere", "and words\nthere"),
        ("one\ntwo\nthree", "1\n2"),
    ],
)
def test_wrapped_text_stays_in_one_row(texts: tuple[str, ...]) -> None:
    assert write_grid([cells(*texts)]).count("<tr>") == 1


def test_a_table_region_has_the_grid_of_the_table_model() -> None:
    lines = column(["Week Rain", "1 12.4"])
    table = grid(region("table", lines).box, [["Week", "Rain"], ["1", "12.4"]])

    assert markdown(page(("table", lines), tables=[table])) == (
        "<table><tr><th>Week</th><th>Rain</th></tr><tr><td>1</td><td>12.4</td></tr></table>"
    )


def test_a_cell_holds_what_the_page_shows_and_not_what_the_table_model_read() -> None:
    lines = [
        letters("Least"), letters("Most", left=150),
        letters("3", top=115), letters("10", left=150, top=115, raised="1"),
    ]  # fmt: skip
    table = grid(Box(72, 100, 232, 130), [["Least", "Most hidden"], ["3", "101"]])

    assert markdown(page(("table", lines), tables=[table])) == (
        "<table><tr><th>Least</th><th>Most</th></tr><tr><td>3</td><td>10¹</td></tr></table>"
    )


def test_a_table_without_its_text_is_written_from_the_lines() -> None:
    rows = [
        *[line(text, top=100 + 15 * n) for n, text in enumerate(["Week", "1", "2"])],
        *[line(text, left=150, top=100 + 15 * n) for n, text in enumerate(["Rain", "12.4", "0"])],
    ]
    table = grid(region("table", rows).box, [[""]])

    assert markdown(page(("table", rows), tables=[table])) == (
        "<table><tr><td>Week</td><td>Rain</td></tr>"
        "<tr><td>1</td><td>12.4</td></tr><tr><td>2</td><td>0</td></tr></table>"
    )


def test_a_header_that_swallowed_the_first_row_gives_it_back() -> None:
    head = cells("No.\nN001", "Plant\nLupin alba", "Planted\n107", tag="th")
    body = [cells("N002", "Aster alba", "114"), cells("N003", "Lupin rosea", "121")]

    assert write_grid([head, *body]).startswith(
        "<table><tr><th>No.</th><th>Plant</th><th>Planted</th></tr>"
        "<tr><td>N001</td><td>Lupin alba</td><td>107</td></tr><tr><td>N002</td>"
    )


def test_a_header_of_two_lines_stays_one_header() -> None:
    head = cells("Item\nof the list", "Revenue\n2025", "Revenue\n2026", tag="th")
    body = [cells("Tickets", "1204", "1150"), cells("Fuel", "3104", "2987")]

    assert write_grid([head, *body]).count("<tr>") == 3


def test_a_table_caption_stands_before_its_table() -> None:
    caption, rows = column(["Table 1. Rain in six weeks."]), column(["Week Rain"] * 4, top=130)

    text = markdown(page(("text", caption), ("table", rows)))

    assert text.startswith("Table 1. Rain in six weeks.\n\n<table>")


def test_a_header_split_in_two_columns_is_merged() -> None:
    head = cells("Week", "Scale", "(mm)", tag="th")
    body = [cells(str(n), "", f"{n}.5") for n in (1, 2)]

    assert write_grid([head, *body]) == (
        "<table><tr><th>Week</th><th>Scale (mm)</th></tr>"
        "<tr><td>1</td><td>1.5</td></tr><tr><td>2</td><td>2.5</td></tr></table>"
    )


def test_an_empty_column_with_its_own_header_is_kept() -> None:
    head = cells("Name", "Signature", "Date", tag="th")
    body = [cells(f"N{n}", "", f"{n}.5.") for n in (1, 2)]

    assert "<th>Signature</th>" in write_grid([head, *body])
