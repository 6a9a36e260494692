"""Tables: plain HTML on one line, stacked rows split, no text lost, no markup kept."""

import pytest

from tests.support.engines.cpu_lines import column, line, markdown, page, region
from workers.engines.cpu.blocks.tables import clean_table
from workers.engines.cpu.values import Table


def test_a_clean_table_has_only_rows_cells_and_spans() -> None:
    markup = (
        '<table class="x"><thead><tr><th colspan="2" onclick="a()">A<br/>b</th></tr></thead>'
        "<tr><td><b>1</b></td><td>&lt;script&gt; 2 &amp; 3</td></tr></table>"
    )

    assert clean_table(markup) == (
        '<table><tr><th colspan="2">A b</th></tr>'
        "<tr><td>1</td><td>&lt;script&gt; 2 &amp; 3</td></tr></table>"
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<table><tr><td>1<td>2<tr><td>3</table>",
        "<tr><td>a",
        '<table><tr><td colspan="99999999999999" rowspan="-1">a</td></tr></table>',
        "<table><tr><td>a\nb\x00</td></tr></table>",
        "",
    ],
)
def test_broken_markup_becomes_a_closed_table_on_one_line(markup: str) -> None:
    table = clean_table(markup)

    assert "\n" not in table
    assert "\x00" not in table
    assert table.count("<table>") == table.count("</table>") == bool(markup)
    assert table.count("<td") == table.count("</td>")


def test_numbers_stacked_in_one_row_become_rows() -> None:
    row = "<td>6</td><td>OTSL<br/>HTML</td><td>0.965<br/>0.969</td><td>2.73<br/>5.39</td>"

    assert clean_table(f"<table><tr>{row}</tr></table>") == (
        '<table><tr><td rowspan="2">6</td><td>OTSL</td><td>0.965</td><td>2.73</td></tr>'
        "<tr><td>HTML</td><td>0.969</td><td>5.39</td></tr></table>"
    )


@pytest.mark.parametrize(
    "row",
    [
        "<td>a long name<br/>that wraps</td><td>12</td>",
        "<td>wrapped words<br/>here</td><td>and words<br/>there</td>",
        "<td>one<br/>two<br/>three</td><td>1<br/>2</td>",
    ],
)
def test_wrapped_text_stays_in_one_row(row: str) -> None:
    assert clean_table(f"<table><tr>{row}</tr></table>").count("<tr>") == 1


def test_a_table_region_has_the_html_of_the_table_model() -> None:
    lines = column(["Week Rain", "1 12.4"])
    html = "<table><tr><th>Week</th><th>Rain</th></tr><tr><td>1</td><td>12.4</td></tr></table>"
    table = Table(region("table", lines).box, html)

    assert markdown(page(("table", lines), tables=[table])) == html


def test_a_table_without_its_text_is_written_from_the_lines() -> None:
    rows = [
        *[line(text, top=100 + 15 * n) for n, text in enumerate(["Week", "1", "2"])],
        *[line(text, left=150, top=100 + 15 * n) for n, text in enumerate(["Rain", "12.4", "0"])],
    ]
    table = Table(region("table", rows).box, "<table><tr><td></td></tr></table>")

    assert markdown(page(("table", rows), tables=[table])) == (
        "<table><tr><td>Week</td><td>Rain</td></tr>"
        "<tr><td>1</td><td>12.4</td></tr><tr><td>2</td><td>0</td></tr></table>"
    )


def test_a_table_caption_stands_before_its_table() -> None:
    caption, rows = column(["Table 1. Rain in six weeks."]), column(["Week Rain"] * 4, top=130)

    text = markdown(page(("text", caption), ("table", rows)))

    assert text.startswith("Table 1. Rain in six weeks.\n\n<table>")


def test_a_header_split_in_two_columns_is_merged() -> None:
    head = "<tr><th>Week</th><th>Scale</th><th>(mm)</th></tr>"
    body = "".join(f"<tr><td>{n}</td><td></td><td>{n}.5</td></tr>" for n in (1, 2))

    assert clean_table(f"<table>{head}{body}</table>") == (
        "<table><tr><th>Week</th><th>Scale (mm)</th></tr>"
        "<tr><td>1</td><td>1.5</td></tr><tr><td>2</td><td>2.5</td></tr></table>"
    )


def test_an_empty_column_with_its_own_header_is_kept() -> None:
    head = "<tr><th>Name</th><th>Signature</th><th>Date</th></tr>"
    body = "".join(f"<tr><td>N{n}</td><td></td><td>{n}.5.</td></tr>" for n in (1, 2))

    assert "<th>Signature</th>" in clean_table(f"<table>{head}{body}</table>")
