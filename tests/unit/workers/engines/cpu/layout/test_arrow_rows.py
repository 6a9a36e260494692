"""Rows of commands, arrows and results stay rows."""

from tests.support.engines.cpu_lines import column, markdown, page

COMMANDS, RESULTS = ["cite one", "cite two", "cite three"], ["Jones", "Jones, Baker", "(Baker)"]


def test_each_result_stays_with_its_command() -> None:
    arrows = column(["⇒"] * 3, left=160)
    rows = [*column(COMMANDS, monospaced=True), *arrows, *column(RESULTS, left=180)]

    assert markdown(page(("text", rows))) == "cite one ⇒ Jones\n\ncite two ⇒ Jones, Baker\n\n" + (
        "cite three ⇒ (Baker)"
    )


def test_an_arrow_between_two_words_of_a_paragraph_makes_no_rows() -> None:
    rows = column(
        ["Open the menu File → Print to print the page", "and wait for the printer there."]
    )

    assert markdown(page(("text", rows))) == " ".join(row.text for row in rows)
