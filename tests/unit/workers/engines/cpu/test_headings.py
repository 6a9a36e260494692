"""Which lines are headings, which is the title, and how deep each heading lies."""

import pytest

from tests.support.engines.cpu_lines import column, kinds, line, markdown, page
from workers.engines.cpu.values import PageContent

BODY = column(["words of the running text that fill the page and go on"] * 8, top=300)


def headed(*headings: str, size: float = 14) -> PageContent:
    parts = [
        ("section-header", [line(text, top=100 + 40 * number, size=size)])
        for number, text in enumerate(headings)
    ]
    return page(*parts, ("text", BODY))


def heads(content: PageContent) -> list[str]:
    return [row for row in markdown(content).splitlines() if row.startswith("#")]


def test_the_largest_heading_at_the_top_is_the_title() -> None:
    content = page(
        ("section-header", [line("Weighing the Rain", size=22)]),
        ("section-header", [line("Abstract", top=150, size=12)]),
        ("text", BODY),
    )

    assert heads(content) == ["# Weighing the Rain", "## Abstract"]


def test_a_large_logo_at_the_foot_takes_no_title_away() -> None:
    content = page(
        ("section-header", [line("Weighing the Rain", size=22)]),
        ("text", BODY),
        ("section-header", [line("Logo", top=700, size=30)]),
    )

    assert "# Weighing the Rain" in heads(content)


@pytest.mark.parametrize(
    ("text", "depth"),
    [("1 Introduction", 2), ("2.3 Results", 3), ("1.2.3 Details", 4), ("§ 5 Penalties", 2)],
)
def test_a_number_tells_how_deep_a_heading_lies(text: str, depth: int) -> None:
    assert heads(headed(text)) == [f"{'#' * depth} {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "and so it went on for many years after that,",
        "2 cups of flour",
        "A long sentence that somebody took for a heading although it goes on and on until here.",
        "---",
    ],
)
def test_running_text_taken_for_a_heading_is_text(text: str) -> None:
    assert heads(headed(text, size=10)) == []


def test_a_caption_taken_for_a_heading_is_a_caption() -> None:
    assert ("image_caption", "Figure 3 The tower") in kinds(headed("Figure 3 The tower"))


def test_large_words_are_a_heading_even_if_the_layout_model_saw_text() -> None:
    content = page(("text", [line("Additional Features", size=16)]), ("text", BODY))

    assert any(head.endswith("# Additional Features") for head in heads(content))


def test_a_bold_first_row_is_a_heading_of_its_own() -> None:
    rows = column(["The harbour", *["words of the text that follow it and fill the row"] * 3])
    bold = [line("The harbour", bold=True), *rows[1:]]

    text = markdown(page(("text", bold)))

    assert text.startswith("## The harbour\n\nwords of the text")


def test_a_bold_term_with_a_colon_is_no_heading() -> None:
    rows = column(["Note:", *["words of the text that follow it and fill the row"] * 3])
    bold = [line("Note:", bold=True), *rows[1:]]

    assert heads(page(("text", bold))) == []


def test_a_chapter_number_and_its_name_are_one_heading() -> None:
    number = ("section-header", [line("2", size=20)])
    name = ("section-header", [line("Roles and duties", left=110, size=20)])

    assert heads(page(number, name, ("text", BODY))) == ["# 2 Roles and duties"]


def test_hash_marks_and_stars_in_a_heading_are_shown_as_they_are() -> None:
    assert heads(headed("C# and *nix* <b>")) == [r"## C# and \*nix\* &lt;b>"]


@pytest.mark.parametrize(
    ("read", "meant"), [("2Method", "## 2 Method"), ("3D printing", "## 3D printing")]
)
def test_a_space_lost_behind_a_number_comes_back(read: str, meant: str) -> None:
    content = page(("section-header", [line(read, size=13, score=0.99)]), ("text", BODY))

    assert heads(content) == [meant]
