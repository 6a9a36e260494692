"""Fractions of a formula on one row."""

from tests.support.engines.cpu_lines import column, line
from workers.engines.cpu.blocks.formula_parts.fractions import formula_rows


def test_a_fraction_is_written_in_its_row() -> None:
    lines = [
        line("h =", left=100, top=106),
        line("4m", left=125, top=99),
        line("πρd²", left=120, top=113),
        line("(1)", left=220, top=106),
    ]

    assert [row.text for row in formula_rows(lines)] == ["h = 4m / (πρd²) (1)"]


def test_a_formula_of_fractions_only_is_one_row() -> None:
    lines = [
        line("a", left=100, top=100),
        line("b", left=100, top=113),
        line("c", left=130, top=106),
        line("d", left=130, top=119),
    ]

    assert [row.text for row in formula_rows(lines)] == ["a / b c / d"]


def test_two_equations_below_each_other_are_not_a_fraction() -> None:
    lines = column(["a + b = c", "d + e = f"])

    assert [row.text for row in formula_rows(lines)] == ["a + b = c", "d + e = f"]
