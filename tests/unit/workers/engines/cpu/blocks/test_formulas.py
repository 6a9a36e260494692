"""Formulas that make no readable text are pictures, and the readable ones stay text."""

import pytest

from tests.support.engines.cpu_lines import column, kinds, line, markdown, page
from workers.engines.cpu.values import Line, PageContent

BODY = column(["words of the running text that fill the page and go on"] * 4, top=60)
#: A sum with limits, as a text layer has it: three rows.
SUM = [
    line("n", left=252, top=190, size=7),
    line("x = ∑ y", left=220, top=200),
    line("i = 1", left=246, top=214, size=7),
]


def formula(*lines: Line, loose: tuple[Line, ...] = ()) -> PageContent:
    more = [("text", [each]) for each in loose]
    return page(("text", BODY), ("formula", list(lines)), *more)


def test_a_formula_of_several_rows_is_a_picture_with_its_text_as_description() -> None:
    content = formula(*SUM)

    assert ("image", "") in kinds(content)
    assert markdown(content).endswith("![formula: n x = ∑ y i = 1](figure:1)")


@pytest.mark.parametrize(
    "rows",
    [["a² + 8 = 12"], ["a + b = c", "d + e = f"], ["E = mc² (1)"]],
)
def test_readable_equations_stay_text(rows: list[str]) -> None:
    content = formula(*column(rows, top=200))

    assert "equation" in [kind for kind, _ in kinds(content)]
    assert "figure:" not in markdown(content)


def test_letters_of_a_font_without_a_map_are_no_text() -> None:
    assert "](figure:1)" in markdown(formula(line("¾ ² ¡ 1", top=200)))


def test_a_scrap_beside_such_a_formula_is_a_part_of_it_and_a_paragraph_is_not() -> None:
    scrap = line("−1", left=246, top=228, size=7)
    after = line("where y is the height of the water", top=260)

    content = formula(*SUM, loose=(scrap, after))

    assert ("text", "−1") not in kinds(content)
    assert "i = 1 −1](figure:1)" in markdown(content)
    assert markdown(content).endswith("where y is the height of the water")


def test_no_text_of_a_formula_breaks_its_link() -> None:
    rows = [line("f[x] <b> `y` \\z", top=200), line("n", left=90, top=214, size=7)]

    assert "![formula: f(x) &lt;b&gt; 'y' ∖z n](figure:1)" in markdown(formula(*rows))
