"""Program code keeps its lines, its indentation and its place between paragraphs."""

from tests.support.engines.cpu_lines import column, line, markdown, page

PROGRAM = [
    line("def total(items):", top=130, size=9, monospaced=True),
    line("for item in items:", left=90, top=142, size=9, monospaced=True),
    line("result += item", left=108, top=154, size=9, monospaced=True),
]
FENCE = "```\ndef total(items):\n    for item in items:\n        result += item\n```"


def test_code_inside_a_text_region_gets_a_fence_of_its_own() -> None:
    before, after = column(["The program adds."], top=115), column(["The end."], top=170)

    text = markdown(page(("text", [*before, *PROGRAM, *after])))

    assert text == f"The program adds.\n\n{FENCE}\n\nThe end."


def test_a_page_in_a_typewriter_font_is_no_code() -> None:
    letter = column(["Dear aunt, the rain has stopped"] * 5, monospaced=True)

    assert "```" not in markdown(page(("text", letter)))


def test_a_page_that_is_only_a_program_is_code() -> None:
    assert markdown(page(("text", PROGRAM))) == FENCE
