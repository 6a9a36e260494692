"""``--tables`` and ``--math`` change how tables and formulas are written, and nothing else."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.document.assembly import assemble
from shared.domain.records.options import RenderOptions
from tests.support.documents.merged import manifest, markdown_of, results_of
from tests.support.documents.rendered import renderings
from tests.unit.shared.document.test_hostile import FRAGMENTS


def written(*texts: str, **options: object) -> str:
    """The Markdown of a document whose pages have ``texts``."""
    job = manifest(len(texts))
    results = results_of(job, *[{"markdown": text} for text in texts])
    render = RenderOptions.model_validate({"page_breaks": "none", **options})
    return markdown_of(assemble(job, results, render)).removesuffix("\n")


def cells_of(markdown: str) -> list[list[str]]:
    """The texts of the cells, as the renderer of GitHub shows them."""
    rendered = next(each for each in renderings(markdown) if each.renderer == "cmark-gfm")
    return [[cell.text().strip() for cell in row.css("td,th")] for row in rendered.tree.css("tr")]


SIMPLE = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
SPANS = (
    '<table><tr><td colspan="2">a</td><td rowspan="2">b</td></tr>'
    "<tr><td>c</td><td>d</td></tr></table>"
)


@pytest.mark.parametrize("tables", ["pipe", "auto"])
def test_a_simple_table_becomes_a_pipe_table(tables: str) -> None:
    assert written(SIMPLE, tables=tables) == "| a | b |\n| --- | --- |\n| c | d |"


def test_tables_stay_html_unless_asked() -> None:
    assert written(SIMPLE) == written(SIMPLE, tables="html") == SIMPLE


def test_auto_keeps_a_table_that_a_pipe_table_cannot_show() -> None:
    assert written(SPANS, tables="auto") == SPANS


def test_a_table_that_its_spans_would_make_much_longer_stays_html() -> None:
    huge = f'<table><tr><td rowspan="999" colspan="200">a</td></tr>{"<tr></tr>" * 499}</table>'

    assert len(written(huge, tables="pipe")) < 2 * len(huge)


def test_pipe_writes_a_cell_of_several_columns_once() -> None:
    assert cells_of(written(SPANS, tables="pipe")) == [["a", "", "b"], ["c", "d", ""]]


def test_cells_show_the_same_text_in_both_notations() -> None:
    texts = ["a|b", r"c\d", "*e* _f_", "`g`", "[h](i)", "1 &lt; 2", "~~j~~", r"\|", "<b>k</b>"]
    html = f"<table>{''.join(f'<tr><td>{each}</td></tr>' for each in texts)}</table>"

    shown = cells_of(written(html, tables="auto"))

    assert shown == cells_of(written(html))
    assert [row[0] for row in shown][:4] == ["a|b", r"c\d", "*e* _f_", "`g`"]


def test_a_page_anchor_between_rows_stands_in_the_next_row() -> None:
    text = written(SIMPLE, SIMPLE, tables="pipe", page_breaks="comment")

    table = "| a | b |\n| --- | --- |\n| c | d |\n| <!-- page 2 -->c | d |"
    assert text == f"<!-- page 1 -->\n\n{table}"
    assert cells_of(text) == [["a", "b"], ["c", "d"], ["c", "d"]]


def test_many_openings_of_formulas_take_linear_time() -> None:
    started = time.process_time()

    written("\\[" * 20_000, math="dollars")
    written(f"<table><tr><td>{'$x ' * 20_000}</td></tr></table>", math="latex", tables="pipe")

    assert time.process_time() - started < 10


def test_a_table_that_would_need_too_many_cells_stays_html() -> None:
    wide = f"<table><tr>{'<td colspan=999>a</td>' * 3}</tr></table>"

    assert "<table>" in written(wide, tables="pipe")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.sampled_from([*FRAGMENTS, "word"]), max_size=4).map("".join), max_size=6)
)
def test_hostile_cells_stay_text(texts: list[str]) -> None:
    cells = "".join(f"<td>{each}</td>" for each in texts)
    html = f"<table><tr><td>first</td>{cells}</tr><tr><td>SENTINEL</td></tr></table>"

    for tables in ("pipe", "auto"):
        for rendered in renderings(written(html, "after words", tables=tables)):
            assert rendered.dangers() == [], rendered.renderer
            assert "SENTINEL" in rendered.text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so $x^2$ is", r"so \(x^2\) is"),
        ("so $$x^2$$ is", r"so \[x^2\] is"),
        ("$$\nx\n$$", "\\[\nx\n\\]"),
        ("costs $5 and $6", "costs $5 and $6"),
        ("costs $5-$6", "costs $5-$6"),
        (r"a \$x$ b", r"a \$x$ b"),
        ("code `$x$` stays", "code `$x$` stays"),
        ("```\n$x$\n```", "```\n$x$\n```"),
    ],
)
def test_formulas_between_backslashes(text: str, expected: str) -> None:
    assert written(text, math="latex") == expected
    assert written(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"so \(x^2\) is", "so $x^2$ is"),
        (r"so \( x^2 \) is", "so $x^2$ is"),
        (r"\[ x \]", "$$ x $$"),
        (r"\[a \\[2pt] b\]", r"$$a \\[2pt] b$$"),
        (r"a \\(x\\) b", r"a \\(x\\) b"),
        (r"\(x\)2", r"\(x\)2"),
        (
            r"<table><tr><td>\(a\)</td><td>b\(</td><td>c\)</td></tr></table>",
            r"<table><tr><td>$a$</td><td>b\(</td><td>c\)</td></tr></table>",
        ),
    ],
)
def test_formulas_between_dollars(text: str, expected: str) -> None:
    assert written(text, math="dollars") == expected
