"""The scores of a page are those that its definition gives, computed by hand."""

import time

import pytest

from producer.evaluation.blocks import markdown_blocks
from producer.evaluation.page_scoring import MAX_CHARACTERS, score_page
from producer.evaluation.values import Block
from shared.domain.errors import TooLarge

FIRST = "The first paragraph is about apples."
SECOND = "Whales and dolphins live in the sea."
THIRD = "1234567890 is a number of ten digits."


def test_an_equal_page_is_perfect() -> None:
    page = f"# {FIRST}\n\n{SECOND}\n\n| a |\n|---|\n| b |\n\n\\[x^2\\]\n"

    scores = score_page(page, page)

    assert (scores.text_distance, scores.reading_order, scores.overall) == (0, 0, 1)
    assert (scores.table_scores, scores.formula_scores) == ((1.0,), (1.0,))


def test_marks_of_markdown_and_white_space_are_no_errors() -> None:
    one = "## A *b* `c`\n\n- item \\(x + 1\\)\n\n$$x ^ 2 \\tag{3}$$\n\n| a |\n|---|\n| b |\n"
    other = (
        "A b\nc\n\nitem $x+1$\n\n\\[x^2\\]\n\n<table><tr><th>a</th></tr><tr><td>b</td></tr></table>"
    )

    assert score_page(one, other).overall == 1.0


def test_text_distance_is_edits_by_length() -> None:
    # One of ten letters is wrong.
    assert score_page("abcdefghix", "abcdefghij").text_distance == pytest.approx(0.1)


def test_a_missing_block_counts_with_its_length() -> None:
    whole = f"{FIRST}\n\n{SECOND}"

    found = score_page(FIRST, whole).text_distance

    assert found == pytest.approx(len(SECOND) / (len(FIRST) + len(SECOND)))


def test_order_changes_reading_order_and_not_text() -> None:
    scores = score_page(f"{THIRD}\n\n{FIRST}\n\n{SECOND}", f"{FIRST}\n\n{SECOND}\n\n{THIRD}")

    # 2 3 1 becomes 1 2 3 by one insertion and one deletion.
    assert scores.text_distance == 0
    assert scores.reading_order == pytest.approx(2 / 3)


def test_a_paragraph_that_was_split_is_put_together() -> None:
    split = f"{THIRD}\n\n{FIRST[:19]}\n\n{FIRST[20:]}"

    assert score_page(split, f"{FIRST}\n\n{THIRD}").text_distance == 0


def test_paragraphs_that_were_joined_are_put_together() -> None:
    assert score_page(f"{FIRST} {SECOND}\n\n{THIRD}", f"{THIRD}\n\n{FIRST}\n\n{SECOND}") == (
        score_page(f"{FIRST} {SECOND}\n\n{THIRD}", f"{THIRD}\n\n{FIRST} {SECOND}")
    )


def test_formula_match_is_one_minus_edits_by_length() -> None:
    # x^2 against x^{2}: two insertions in five characters.
    assert score_page("\\[x^2\\]", "$$x^{2}$$").formula_scores[0] == pytest.approx(0.6)
    assert score_page("\\[x\\]\n\n\\[y\\]", "\\[x\\]").formula_scores == (1.0, 0.0)


def test_empty_pages_have_nothing_to_compare() -> None:
    assert score_page("", "<!-- nothing -->\n").overall is None
    assert score_page("text", "").text_distance == 1.0


def test_optional_truth_may_be_in_the_result_or_not() -> None:
    truth = (Block("text", THIRD, scored=False), Block("text", FIRST))

    assert score_page(f"{THIRD}\n\n{FIRST}", truth).text_distance == 0
    assert score_page(FIRST, truth).text_distance == 0
    assert score_page(f"{SECOND}\n\n{FIRST}", truth).text_distance > 0.4  # type: ignore[operator]


def test_code_is_text_also_where_it_looks_like_a_table() -> None:
    blocks = markdown_blocks("a\n\n```\n<table><tr><td>\\[x\\]\n```\n\nb")

    assert [block.kind for block in blocks] == ["text"] * 3
    assert blocks[1].content == "<table><tr><td>\\[x\\]"


def test_a_table_that_is_not_closed_is_still_a_table() -> None:
    (table,) = markdown_blocks("<table><tr><td>a</td><td>b")

    assert table.kind == "table"


def test_too_long_pages_are_refused() -> None:
    with pytest.raises(TooLarge, match="mark pages"):
        score_page("a" * (MAX_CHARACTERS + 1), "")


@pytest.mark.parametrize("mark", ["<table>", "</table>", "\\[", "$$", "<td>", "<table", "```\n"])
def test_repeated_delimiters_need_no_quadratic_time(mark: str) -> None:
    started = time.process_time()

    markdown_blocks(mark * 5000)

    assert time.process_time() - started < 10


def test_formulas_that_are_not_closed_take_linear_time() -> None:
    started = time.process_time()

    markdown_blocks("a " + "\\(" * 40_000)

    # A quadratic step would take a minute.
    assert time.process_time() - started < 10
