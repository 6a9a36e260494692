"""Limits above and below an operator are its index and power."""

from tests.support.engines.cpu_lines import letters, line
from workers.engines.cpu.blocks.formula_parts.fractions import formula_rows
from workers.engines.cpu.marks.plain_text import in_plain_text
from workers.engines.cpu.values import Line


def sum_with_limits() -> list[Line]:
    operator = letters("∑", left=120, top=100, size=14)
    below = letters("i=1", left=117, top=115, size=7)
    above = letters("n", left=122, top=92, size=7)
    return [letters("S =", left=95, top=103), operator, below, above, letters("b", 135, 103)]


def test_limits_stand_behind_their_operator() -> None:
    (row,) = formula_rows(sum_with_limits())

    assert in_plain_text(row.rich_text) == "S = ∑_(i=1)ⁿ b"


def test_a_small_line_beside_an_operator_is_no_limit() -> None:
    lines = [*sum_with_limits()[:2], letters("if i", left=150, top=120, size=7)]

    assert len(formula_rows(lines)) == 2


def test_lines_that_are_not_centred_are_no_fraction() -> None:
    lines = [
        line("c =", left=80, top=106),
        line("ab", left=100, top=100),
        line("ij + the rest of it", left=100, top=113),
        line("(7)", left=250, top=106),
    ]

    assert not any("/" in row.text for row in formula_rows(lines))
