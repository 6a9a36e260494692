"""Listings, rows and columns of tables that a page break divides, and captions in other places."""

import pytest

from tests.support.documents.page_blocks import FULL, body

LOW, HIGH = (100, 700, 500, 800), (100, 100, 500, 200)
RIGHT = (200, 100, 500, 200)


def code(*lines: str, box: tuple[int, int, int, int]) -> tuple[str, tuple[int, int, int, int], str]:
    return "code", box, "\n".join(["```", *lines, "```"])


def table(*rows: str) -> tuple[str, tuple[int, int, int, int], str]:
    """A table of HTML from rows such as "Item | End"; the first row has header cells."""
    head, *others = ([cell.strip() for cell in row.split("|")] for row in rows)
    lines = [[f"<th>{cell}</th>" for cell in head]]
    lines += [[f"<td>{cell}</td>" for cell in row] for row in others]
    return "table", FULL, "<table>" + "".join(f"<tr>{''.join(c)}</tr>" for c in lines) + "</table>"


def plain_rows(markdown: str) -> list[str]:
    """The rows of the only table, such as "Item | End"."""
    assert markdown.count("<table>") == 1, markdown
    text = markdown.replace("<th>", "<td>").replace("</th>", "</td>")
    rows = text.split("<tr>")[1:]
    return [" | ".join(part.split("</td>")[0] for part in row.split("<td>")[1:]) for row in rows]


def test_a_listing_that_goes_on_inside_an_indented_part_is_one() -> None:
    first = [code("for ship in ships:", "    load(ship)", box=LOW)]

    assert body(first, [code("    sail(ship)", box=HIGH)]) == (
        "```\nfor ship in ships:\n    load(ship)\n    sail(ship)\n```\n"
    )


def test_a_listing_whose_second_part_stands_further_right_keeps_its_indent() -> None:
    # 400 units for 20 characters; the second part begins 100 units further right.
    first = [code("for ship in harbour:", "     load()", box=LOW)]

    assert body(first, [code("sail()", box=RIGHT)]) == (
        "```\nfor ship in harbour:\n     load()\n     sail()\n```\n"
    )


def test_two_listings_that_meet_at_a_page_break_stay_two() -> None:
    merged = body([code("load()", box=LOW)], [code("sail()", box=HIGH)])

    assert merged == "```\nload()\n```\n\n```\nsail()\n```\n"


def test_a_row_that_is_divided_inside_a_cell_is_one_row() -> None:
    first = table(
        "Item | Meaning", "quay | where ships are tied to", "pier | a long wall that goes"
    )
    second = table("Item | Meaning", " | far out into the sea", "mole | a wall of stone")

    assert plain_rows(body([first], [second])) == [
        "Item | Meaning",
        "quay | where ships are tied to",
        "pier | a long wall that goes far out into the sea",
        "mole | a wall of stone",
    ]


def test_the_rest_of_a_cell_that_an_engine_made_a_row_of_the_whole_width_returns_to_it() -> None:
    first = table("Item | Meaning", "quay | a wall.", "pier | a long wall that goes")
    wide = '<tr><td colspan="2">far out into the sea</td></tr>'
    rest = f"<table>{wide}<tr><td>mole</td><td>stone.</td></tr></table>"

    assert plain_rows(body([first], [("table", FULL, rest)]))[2:] == [
        "pier | a long wall that goes far out into the sea",
        "mole | stone.",
    ]


def test_a_column_that_is_empty_on_the_next_page_is_kept() -> None:
    first = table("Item | Debit | Credit", "Cash | 4,182 | ", "Bonds |  | 12", "Notes | 7 | 3")

    repeated = body([first], [table("Item | Credit", "Quays | 9", "Ships | 11")])

    assert plain_rows(repeated)[4:] == ["Quays |  | 9", "Ships |  | 11"]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (["Quays | 9 | ", "Ships | 11 | "], ["Quays | 9", "Ships | 11"]),
        (["Quays | high | ", "Ships | low | "], None),
    ],
)
def test_a_further_empty_column_on_the_next_page_goes_where_the_kinds_of_cells_fit(
    second: list[str], expected: list[str] | None
) -> None:
    first = table("Item | Debit", "Cash | 4,182", "Bonds | 12", "Notes | 7")
    rows = "".join(
        f"<tr>{''.join(f'<td>{cell.strip()}</td>' for cell in row.split('|'))}</tr>"
        for row in second
    )

    merged = body([first], [("table", FULL, f"<table>{rows}</table>")])

    if expected is None:
        assert merged.count("<table>") == 2
    else:
        assert plain_rows(merged)[4:] == expected


def test_a_caption_that_the_order_of_reading_parted_from_its_table_stands_with_it() -> None:
    page = [
        ("table_caption", (100, 100, 900, 120), "Table 1: Ships"),
        ("text", (100, 400, 900, 440), "The harbour was closed."),
        ("table", (100, 130, 900, 300), table("Item | End", "Cash | 7")[2]),
    ]

    merged = body(page)

    assert merged.startswith("The harbour was closed.\n\nTable 1: Ships\n\n<table>")


def test_a_caption_far_from_every_figure_stays_where_it_is() -> None:
    page = [
        ("table_caption", (100, 800, 900, 820), "Table 1: Ships"),
        ("text", (100, 400, 900, 440), "The harbour was closed."),
        ("table", (100, 130, 900, 300), table("Item | End", "Cash | 7")[2]),
    ]

    assert body(page).startswith("Table 1: Ships\n\nThe harbour was closed.")


def test_a_paragraph_with_the_next_number_of_a_list_is_an_item_of_it() -> None:
    def left(top: int) -> tuple[int, int, int, int]:
        return (100, top, 900, top + 20)

    page = [
        ("list", left(100), "150. Find the speed."),
        ("text", left(130), "151\\. A ball is thrown."),
        ("list", (140, 160, 900, 180), "- a. How far does it fly?"),
        ("equation", left(175), "152\\. y = x²"),
        ("text", left(180), "where x is the way."),
        ("text", left(190), "153\\. A train leaves."),
        ("text", left(220), "155\\. Not the next one."),
    ]

    assert body(page) == (
        "150. Find the speed.\n\n151. A ball is thrown.\n\n     - a. How far does it fly?\n\n"
        "152. y = x²\n\nwhere x is the way.\n\n153. A train leaves.\n\n155\\. Not the next one.\n"
    )
