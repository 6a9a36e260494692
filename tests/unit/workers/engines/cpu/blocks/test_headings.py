"""Which blocks are headings, which one is the title, and the level of each heading."""

from dataclasses import replace

import pytest

from tests.support.engines.cpu_lines import column, kinds, letters, line, markdown, page, styled
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line, PageContent

BODY = column(["words of the running text that fill the page and go on"] * 8, top=300)


def headed(*headings: str, size: float = 14) -> PageContent:
    parts = [
        ("section-header", [line(text, top=100 + 40 * number, size=size)])
        for number, text in enumerate(headings)
    ]
    return page(*parts, ("text", BODY))


def in_font(text: str, font: str, top: float, size: float) -> Line:
    """A line of a text layer whose letters have ``font``."""
    made = letters(text, top=top, size=size)
    return replace(made, characters=tuple(c._replace(font=font) for c in made.characters))


def heads(content: PageContent) -> list[str]:
    return [row for row in markdown(content).splitlines() if row.startswith("#")]


def test_the_largest_heading_at_the_top_is_the_title() -> None:
    content = page(
        ("section-header", [line("Weighing the Rain", size=22)]),
        ("section-header", [line("Abstract", top=150, size=12)]),
        ("text", BODY),
    )

    assert heads(content) == ["# Weighing the Rain", "## Abstract"]


def test_a_larger_heading_at_the_foot_is_not_the_title() -> None:
    content = page(
        ("section-header", [line("Weighing the Rain", size=22)]),
        ("text", BODY),
        ("section-header", [line("Logo", top=700, size=30)]),
    )

    assert "# Weighing the Rain" in heads(content)


@pytest.mark.parametrize(
    ("text", "level"),
    [("1 Introduction", 2), ("2.3 Results", 3), ("1.2.3 Details", 4), ("§ 5 Penalties", 2)],
)
def test_a_section_number_gives_the_level_of_a_heading(text: str, level: int) -> None:
    assert heads(headed(text)) == [f"{'#' * level} {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "and so it went on for many years after that,",
        "2 cups of flour",
        "A long sentence that a model took for a heading although it goes on and on until here.",
        "---",
    ],
)
def test_running_text_with_a_heading_label_is_text(text: str) -> None:
    assert heads(headed(text, size=10)) == []


def test_a_caption_with_a_heading_label_is_a_caption() -> None:
    assert ("image_caption", "Figure 3 The tower") in kinds(headed("Figure 3 The tower"))


def test_a_few_large_words_with_a_text_label_are_a_heading() -> None:
    content = page(("text", [line("Additional Features", size=16)]), ("text", BODY))

    assert any(head.endswith("# Additional Features") for head in heads(content))


def test_a_bold_first_row_is_a_separate_heading() -> None:
    rows = column(["The harbour", *["words of the text that follow it and fill the row"] * 3])
    bold = [line("The harbour", bold=True), *rows[1:]]

    text = markdown(page(("text", bold)))

    assert text.startswith("## The harbour\n\nwords of the text")


def test_a_bold_term_with_a_colon_is_not_a_heading() -> None:
    rows = column(["Note:", *["words of the text that follow it and fill the row"] * 3])
    bold = [line("Note:", bold=True), *rows[1:]]

    assert heads(page(("text", bold))) == []


def test_a_chapter_number_is_joined_to_its_heading() -> None:
    number = ("section-header", [line("2", size=20)])
    name = ("section-header", [line("Roles and duties", left=110, size=20)])

    assert heads(page(number, name, ("text", BODY))) == ["# 2 Roles and duties"]


def test_markup_in_a_heading_is_escaped() -> None:
    assert heads(headed("C# and *nix* <b>")) == [r"## C# and \*nix\* &lt;b>"]


@pytest.mark.parametrize(
    ("recognized", "expected"), [("2Method", "## 2 Method"), ("3D printing", "## 3D printing")]
)
def test_a_missing_space_after_a_section_number_is_inserted(recognized: str, expected: str) -> None:
    content = page(("section-header", [line(recognized, size=13, score=0.99)]), ("text", BODY))

    assert heads(content) == [expected]


def test_the_end_of_a_paragraph_that_looks_like_body_text_is_no_heading() -> None:
    end = [line("will become an issue.", top=100, size=10)]
    bold = [line("It will become an issue.", top=100, size=10, bold=True)]

    assert heads(page(("section-header", end), ("text", BODY))) == []
    assert heads(page(("section-header", bold), ("text", BODY))) == ["## It will become an issue."]


def test_options_of_a_form_and_korean_captions_are_no_headings() -> None:
    content = headed("□ 是 √ 否", "[표 1] Before and after", "[그림 4-5] Basins")

    assert heads(content) == []
    assert ("image_caption", "[표 1] Before and after") in kinds(content)


def test_a_line_of_another_font_below_a_heading_is_text() -> None:
    title = in_font("Section three", "Dotum", top=100, size=12.5)
    text = in_font("Under the law of", "Batang", top=116, size=11)

    content = page(("section-header", [title, text]), ("text", BODY))

    assert heads(content) == ["## Section three"]
    assert ("text", "Under the law of") in kinds(content)


def test_a_heading_of_two_lines_in_one_font_stays_whole() -> None:
    first = in_font("Section three of", "Dotum", top=100, size=12.5)
    second = in_font("the law", "Dotum", top=116, size=11)

    content = page(("section-header", [first, second]), ("text", BODY))

    assert heads(content) == ["## Section three of the law"]


@pytest.mark.parametrize(
    "command", [r"\usepackage{fancy}", "chapter.4", ".PDF_TITLE some words", "$ make all"]
)
def test_a_line_of_code_is_no_heading(command: str) -> None:
    code = ("section-header", [line(command, top=100, monospaced=True, bold=True)])

    assert markdown(page(code, ("text", BODY))).startswith(f"```\n{command}\n```")


def test_a_large_command_is_the_heading_of_its_section() -> None:
    name = ("section-header", [line("git commit", top=100, size=15, monospaced=True)])

    assert heads(page(name, ("text", BODY))) == ["# git commit"]


@pytest.mark.parametrize("words", ["--debugger", "−−dump−po−strings", "-r", "Tip", "Caution:"])
def test_an_option_and_the_title_of_a_box_are_no_headings(words: str) -> None:
    content = page(("section-header", [line(words, top=100, bold=True)]), ("text", BODY))

    assert heads(content) == []


def test_a_number_that_goes_on_a_list_is_no_heading() -> None:
    content = page(
        ("list-item", [line("2. Header line", top=100)]),
        ("section-header", [line("3. Separator", top=130)]),
        ("text", BODY),
    )

    assert heads(content) == []


def test_a_bold_word_over_its_indented_meaning_is_no_heading() -> None:
    term = line("metacharacter", top=100, bold=True)
    meaning = column(["A character that separates words", "where it is not quoted."], 108, 112.5)

    assert markdown(page(("text", [term, *meaning]), ("text", BODY))).startswith(
        "metacharacter\n\nA character that separates words where it is not quoted."
    )


def test_a_bold_word_in_the_font_of_code_over_its_meaning_is_a_term() -> None:
    style = {"bold": True, "monospaced": True}
    term = [line_of(styled(("required", style), top=275))]
    meaning = column(["packages that the system needs to work at all"], left=96, top=287.5)

    body = [letters(row.text, top=row.box.top) for row in BODY]

    text = markdown(page(("section-header", term), ("text", meaning), ("text", body)))

    assert text.startswith("**`required`**\n\npackages that")
