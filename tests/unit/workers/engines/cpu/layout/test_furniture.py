"""Headers, footers and page numbers are blocks but not part of the Markdown."""

import pytest

from tests.support.engines.cpu_lines import column, kinds, line, markdown, page
from workers.engines.cpu.values import Box, Line

BODY = ("text", column(["words of the running text that fill the page"] * 6, top=300))


def test_headers_and_footers_are_blocks_but_not_in_the_markdown() -> None:
    content = page(
        ("page-footer", [line("Printed in Millbridge", top=800)]),
        ("page-header", [line("Journal of Rain 7 (2026)", top=30)]),
        BODY,
    )

    assert [kind for kind, _ in kinds(content)] == ["header", "text", "footer"]
    assert "Journal" not in markdown(content)
    assert "Printed" not in markdown(content)


@pytest.mark.parametrize(
    "text", ["7", "- 12 -", "Page 3 of 9", "iv", "A-4", "第 3 页", "12 / 40", "[5]"]
)
def test_a_number_in_the_margin_is_a_page_number(text: str) -> None:
    content = page(("text", [line(text, left=290, top=805)]), BODY)

    assert ("page_number", text) in kinds(content)
    assert markdown(content) == markdown(page(BODY))


def test_a_number_outside_the_margin_is_text() -> None:
    assert ("text", "1984") in kinds(page(("text", [line("1984", top=200)]), BODY))


def test_body_text_with_a_header_or_footer_label_is_text() -> None:
    middle = page(("page-header", [line("He spoke of the sea.", top=240)]), BODY)
    long = page(("page-footer", column(["many words of a text " * 3] * 6, top=720)), BODY)

    assert "He spoke of the sea." in markdown(middle)
    assert "many words" in markdown(long)


def test_a_footnote_with_a_footer_label_is_a_footnote() -> None:
    content = page(("page-footer", [line("¹ See the logbook of 1931.", top=780)]), BODY)

    assert ("footnote", "¹ See the logbook of 1931.") in kinds(content)
    assert "See the logbook" in markdown(content)


def test_a_vertical_stamp_at_the_side_is_a_header() -> None:
    stamp = Line(Box(14, 300, 34, 560), "arXiv:2206.01062v1 [cs.CV]", 14)

    content = page(("page-header", [stamp]), BODY)

    assert ("header", "arXiv:2206.01062v1 [cs.CV]") in kinds(content)
    assert "arXiv" not in markdown(content)


def test_a_page_with_only_a_header_has_it_as_text() -> None:
    assert markdown(page(("page-header", [line("Hello World", top=40)]))) == "Hello World"


def test_on_a_lone_page_only_the_page_number_is_furniture() -> None:
    content = page(
        ("page-header", [line("Costs rise each year", top=40)]),
        ("page-footer", [line("Larch & Daughter · Page 1 of 1", top=800)]),
        BODY,
        recurring={},
    )

    text = markdown(content)
    assert text.startswith("Costs rise each year")
    assert text.endswith("Larch & Daughter")


def test_a_header_is_what_recurs_on_the_pages_nearby() -> None:
    lines = [line("Journal of Rain 7", top=30)]
    labelled, unlabelled = ("page-header", lines), ("text", lines)

    for part, pages in ((labelled, 1), (unlabelled, 2)):
        content = page(part, BODY, recurring={"journal of rain #": pages})
        assert ("header", "Journal of Rain 7") in kinds(content)
    assert "Journal" in markdown(page(unlabelled, BODY, recurring={"journal of rain #": 1}))


def test_a_stamp_beside_a_paragraph_is_no_part_of_it() -> None:
    stamp = Line(Box(14, 300, 34, 560), "arXiv:2206.01062v1 [cs.CV]", 14)
    lines = column(["words of the running text that fill the page"] * 6, top=300)

    content = page(("text", [*lines[:3], stamp, *lines[3:]]))

    assert ("header", "arXiv:2206.01062v1 [cs.CV]") in kinds(content)
    assert "arXiv" not in markdown(content)


def test_the_header_of_an_only_page_is_known_by_the_page_number_on_its_line() -> None:
    header = [line("Optimised Tables", left=200, top=30), line("9", left=560, top=30)]
    alone = page(("page-header", header), BODY, recurring={})
    without = page(("page-header", header[:1]), BODY, recurring={})

    assert "Optimised" not in markdown(alone)
    assert "Optimised" in markdown(without)


def test_a_region_around_a_stamp_does_not_come_before_the_heading_above_its_text() -> None:
    stamp = Line(Box(14, 90, 34, 560), "arXiv:2206.01062v1 [cs.CV]", 14)
    text = column(["words of the running text that fill the page"] * 6, top=300)
    heading = ("section-header", [line("Introduction", left=250, top=270, size=14)])

    content = page(("text", [*text, stamp]), heading)

    assert markdown(content).startswith("## Introduction")


def test_a_header_in_the_row_of_the_page_number_is_furniture_on_any_page() -> None:
    page_number = ("text", [line("12", left=290, top=805)])
    beside = ("page-footer", [line("Journal of Rain 7 (2026)", left=60, top=805)])
    above = ("page-footer", [line("Printed in Millbridge", left=60, top=770)])
    content = page(beside, page_number, above, BODY, recurring={})

    assert ("footer", "Journal of Rain 7 (2026)") in kinds(content)
    assert "Journal" not in markdown(content)
    assert "Printed in Millbridge" in markdown(content)
