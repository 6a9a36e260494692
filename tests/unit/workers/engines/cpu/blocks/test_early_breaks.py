"""A row that ends early ends its paragraph, also without a mark."""

from tests.support.engines.cpu_lines import column, markdown, page

FULL = ["words of a long paragraph that fill the whole line to its end"] * 3


def test_a_line_before_a_list_without_marks_stays_apart() -> None:
    lead = column(["Options of the command"], top=150)
    options = column(["round for round brackets;"], top=175)

    text = markdown(page(("text", column(FULL)), ("text", lead), ("text", options)))

    assert text.endswith("Options of the command\n\nround for round brackets;")


def test_a_full_row_goes_on_in_the_region_under_it() -> None:
    first, rest = column(FULL), column(["and go on in the region under it."], top=175)

    assert markdown(page(("text", first), ("text", rest))).endswith(
        "to its end and go on in the region under it."
    )


def test_the_rows_of_a_centred_title_are_one() -> None:
    title = column(["Slides with many pictures"], left=150, top=150)
    rest = column(["and some text"], left=180, top=175)

    text = markdown(page(("text", column(FULL)), ("text", title), ("text", rest)))

    assert text.endswith("Slides with many pictures and some text")
