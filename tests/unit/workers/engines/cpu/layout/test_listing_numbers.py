"""Rows of a listing with small numbers are code, apart from the text around them."""

from tests.support.engines.cpu_lines import column, line, markdown, page, styled
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line


def row(number: str, code: str, top: float, size: float = 7) -> Line:
    return line_of(
        styled((number, {"size": size}), (f" {code}", {"monospaced": True}), left=90, top=top)
    )


def test_a_row_with_a_small_number_is_code_inside_a_text() -> None:
    prose = column(["This text explains what the next row of the program does."])

    text = markdown(page(("text", [*prose, row("12", "let x be 3", 112.5)])))

    assert text == f"{prose[0].text}\n\n```\n12 let x be 3\n```"


def test_numbered_rows_of_code_are_no_table() -> None:
    prose = column(["Find out how many columns there are in the whole table."], top=125)
    rows = [row("12", "let x be 3", 100), row("13", "let y be 4", 112.5)]

    text = markdown(page(("text", [*rows, *prose])))

    assert text == f"```\n12 let x be 3\n13 let y be 4\n```\n\n{prose[0].text}"


def test_a_number_as_large_as_the_code_is_a_word_of_it() -> None:
    prose = column(["This text explains what the next row of the program does."])

    assert "```" not in markdown(page(("text", [*prose, row("12", "let", 112.5, 10)])))


def test_a_list_item_beside_a_name_in_the_margin_is_text() -> None:
    prose = column(["words of a long paragraph that fill the whole line"] * 9, left=150)
    name = line("setup", 115, 212.5)
    beside = line("The command that prepares all of the files", 150, 212.5)

    text = markdown(page(("text", prose), ("list-item", [name, beside])))

    assert text.endswith(f"setup\n\n{beside.text}")
