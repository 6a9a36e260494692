"""Blocks stay on one side of the gutter between two columns of a page."""

from tests.support.engines.cpu_lines import column, line, markdown, page, region
from workers.engines.cpu.layout.side_by_side.page_gutters import page_gutters
from workers.engines.cpu.values import Region

LEFT = column(["the left column goes on and on for the reader"] * 9, left=72)
RIGHT = column(["the right column tells the rest of it in short"] * 9, left=312)
LEFT_CODE = column(["FUNCTION {names}", "{ empty$ }"], 72, 300, size=9, monospaced=True)
RIGHT_CODE = column(["FUNCTION {titles}", "{ pop$ }"], 312, 300, size=9, monospaced=True)


def test_a_formula_over_both_columns_is_the_code_of_each() -> None:
    content = page(("text", LEFT), ("text", RIGHT), ("formula", [*LEFT_CODE, *RIGHT_CODE]))

    text = markdown(content)

    assert "```\nFUNCTION {names}\n{ empty$ }\n```" in text
    assert "```\nFUNCTION {titles}\n{ pop$ }\n```" in text
    assert text.index("{ empty$ }") < text.index("the right column")


def test_the_large_region_of_a_few_lines_does_not_move_them() -> None:
    end = column(["Thus the left column ends here."], 72, 330)
    wide = region("text", [*end, line("x", 500, 250)])
    content = page(("text", LEFT), ("text", RIGHT), loose=end, more=[Region("text", wide.box)])

    text = markdown(content)

    assert text.index("ends here") < text.index("the right column")


def test_terms_and_their_long_meanings_have_no_gutter() -> None:
    terms = column(["quit", "stop", "help"] * 4)
    meanings = column(["the program ends and writes its history"] * 12, left=160)

    assert page_gutters([*terms, *meanings]) == []


def test_a_page_of_one_column_has_no_gutter() -> None:
    assert page_gutters(LEFT) == []
    assert page_gutters([*LEFT, *RIGHT]) == [312]
