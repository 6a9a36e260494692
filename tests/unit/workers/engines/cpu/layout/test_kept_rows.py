"""Rows that belong together: labels with values, numbered lines, vertical columns."""

from tests.support.engines.cpu_lines import column, kinds, line, markdown, page
from workers.engines.cpu.values import Box, Line

LABELS = ["Name:", "Built in:", "Length:", "Owner:"]
VALUES = ["Heron", "1987", "7.4 m", "Alder Club"]


def test_values_in_a_column_of_their_own_stay_with_their_labels() -> None:
    content = page(("text", column(LABELS)), ("text", column(VALUES, left=200)))

    assert (
        markdown(content) == "Name: Heron\n\nBuilt in: 1987\n\nLength: 7.4 m\n\nOwner: Alder Club"
    )


def test_labels_and_values_in_one_region_stay_together() -> None:
    content = page(("text", [*column(LABELS), *column(VALUES, left=200)]))

    assert markdown(content).startswith("Name: Heron\n\nBuilt in: 1987")


def test_two_columns_of_prose_are_not_labels() -> None:
    left = column(["the rain fell on", "the old roof and", "no one slept at"])
    right = column(["noon the market", "smelled of salt", "and fresh bread"], left=300)

    assert "no one slept at noon" in markdown(page(("text", [*left, *right])))


def test_numbers_that_count_the_lines_are_set_aside() -> None:
    words = [f"the court reads row {letter} of the book and" for letter in "abcdefghij"]
    numbers = column([str(number) for number in range(1, 11)], left=50)
    content = page(("list-item", [*numbers, *column(words)]))

    assert "row a of the book and the court reads row b" in markdown(content)
    assert kinds(content)[0] == ("header", "1 2 3 4 5 6 7 8 9 10")


def test_a_column_of_years_is_no_line_count() -> None:
    years = column([str(100 + 7 * n) for n in range(10)], left=50)
    content = page(("text", [*years, *column(["the town had many new mills then"] * 10)]))

    assert "107" in markdown(content)


def test_vertical_columns_are_read_from_right_to_left() -> None:
    columns = ["春天的早晨", "河邊小橋上"]
    letters = [
        Line(Box(300 - 40 * x, 100 + 22 * y, 318 - 40 * x, 118 + 22 * y), letter, 18)
        for x, text in enumerate(columns)
        for y, letter in enumerate(text)
    ]

    assert markdown(page(("table", letters))) == "春天的早晨河邊小橋上"


def test_slanted_text_is_a_stamp_and_not_a_part_of_a_sentence() -> None:
    stamp = line("DRAFT", top=120, size=60, slanted=True)
    content = page(
        ("text", column(["the keeper wrote down", "the weather each day"])), loose=[stamp]
    )

    assert markdown(content) == "the keeper wrote down the weather each day"
    assert ("header", "DRAFT") in kinds(content)
