"""Running headers whose parts the engine did not mark, and lines that only look like them."""

from tests.support.documents.page_blocks import FULL, PageBlock, body

NAMES = ("Anna", "Bert", "Carl", "Dora")
MARGIN = (100, 44, 400, 54)


def page(*blocks: PageBlock, name: str) -> list[PageBlock]:
    return [*blocks, ("text", FULL, f"Text of {name}."), ("text", LOWER, f"More of {name}.")]


LOWER = (100, 300, 900, 400)


def test_the_section_beside_a_marked_header_is_a_part_of_it() -> None:
    pages = [
        page(
            ("header", MARGIN, "HARBOUR"), ("text", (600, 44, 900, 54), f"1.{i} {name}"), name=name
        )
        for i, name in enumerate(NAMES)
    ]

    merged = body(*pages)

    assert "1.2 Carl" not in merged
    assert "Text of Carl." in merged
    assert "1.2 Carl" in body(*pages, headers="keep")


def test_the_section_beside_the_page_number_is_a_part_of_the_footer() -> None:
    foot, side = (100, 937, 130, 947), (600, 937, 900, 949)
    pages = [
        [*page(name=name), ("page_number", foot, str(i)), ("sub_title", side, f"## 3.{i} {name}")]
        for i, name in enumerate(NAMES)
    ]

    assert "3.1" not in body(*pages)
    # Two pages show no habit of the document.
    assert "3.1" in body(*pages[:2])


def test_a_header_is_furniture_on_pages_where_the_engine_did_not_mark_it() -> None:
    marked = [page(("header", MARGIN, f"Part {name}"), name=name) for name in NAMES[1:]]
    first = [page(("text", MARGIN, "Part Zero"), name="Zero")]

    assert "Part Zero" not in body(*marked, *first)
    # Titles in that place, of which the engine took one for a header, are titles.
    titles = [page(("title", MARGIN, f"# Part {name}"), name=name) for name in NAMES]
    assert body(*titles, *marked[:1]).count("# Part") == 4


def test_a_line_close_to_the_text_is_text() -> None:
    close = (100, 86, 400, 96)
    marked = [page(("header", (100, 86, 400, 96), f"Part {name}"), name=name) for name in NAMES]

    assert "Open end" in body(*marked, page(("text", close, "Open end"), name="Emil"))


def test_a_recurring_line_below_a_wide_margin_is_furniture() -> None:
    line = (240, 112, 830, 122)
    low = (100, 200, 900, 300)
    pages = [
        [("text", line, "The harbour package"), ("text", low, f"{name}."), ("text", LOWER, "End.")]
        for name in NAMES
    ]

    assert "package" not in body(*pages)


def test_one_footer_twice_beside_each_other_is_furniture() -> None:
    left, right = (120, 950, 440, 960), (580, 950, 900, 960)
    pages = [
        [*page(name=name), ("text", left, "Draft of May"), ("text", right, "Draft of May")]
        for name in NAMES
    ]

    assert "Draft" not in body(*pages)


def test_a_box_without_height_ends_no_merge() -> None:
    flat = (100, 5, 900, 5)

    merged = body([("text", flat, "First."), *page(name="Anna")], page(name="Bert"))

    assert merged.startswith("First.")
    assert "Text of Bert." in merged
