"""Grids of tables: by their rules, by the alignment of words, wrapped rows, spans."""

from tests.support.engines.cpu_lines import letters
from workers.engines.cpu.layout.grids.best_grid import best_table
from workers.engines.cpu.layout.grids.rules import Rules
from workers.engines.cpu.values import Box, Line, bounding_box


def spans(lines: list[Line], rules: Rules | None = None) -> list[list[tuple[int, int]]]:
    """The column and row spans of each cell of the table of ``lines``."""
    area = bounding_box(line.box for line in lines)
    table = best_table(area, lines, rules or Rules(), None)
    assert table is not None
    return [[(cell.colspan, cell.rowspan) for cell in row] for row in table.rows]


def rows(*texts: tuple[str, ...], tops: tuple[float, ...]) -> list[Line]:
    """Cells in columns of 150 points; "" is an empty cell."""
    return [
        letters(text, left=72 + 150 * column, top=top)
        for row, top in zip(texts, tops, strict=True)
        for column, text in enumerate(row)
        if text
    ]


def test_aligned_words_form_columns() -> None:
    lines = rows(("Name", "Sold"), ("Boat", "12"), ("Mill", "7"), tops=(100, 115, 130))

    assert spans(lines) == [[(1, 1), (1, 1)]] * 3


def test_lines_that_are_closer_than_rows_are_one_wrapped_row() -> None:
    lines = rows(
        ("Term", "Value"), ("Date of", "May"), ("the index", ""), ("Fee", "Low"),
        tops=(100, 125, 137, 162),
    )  # fmt: skip

    assert spans(lines) == [[(1, 1), (1, 1)]] * 3


def test_little_closer_lines_are_one_wrapped_row_where_values_stand_in_its_first_line() -> None:
    cells = (
        ("Name", "Sold"), ("Wooden", "12"), ("boat", ""), ("Mill", "7"), ("Temporary", "9"),
        ("kiln", ""),
    )  # fmt: skip
    tops = (100, 118.4, 133.9, 152.3, 170.7, 186.2)
    names_only = [(name, "" if value.isdigit() else value) for name, value in cells]

    assert spans(rows(*cells, tops=tops)) == [[(1, 1), (1, 1)]] * 4
    assert (
        len(spans(rows(*names_only[:1], ("", "1"), *names_only[1:], tops=(80, 90, *tops[1:])))) > 4
    )


def test_lines_of_centred_header_cells_alternate_in_one_row() -> None:
    lines = rows(
        ("", "Inter-"), ("Photo-", ""), ("", "nation-"), ("graphic", ""), ("", "al"),
        ("Boat", "12"), ("Mill", "7"), ("Tent", "9"),
        tops=(100, 106, 112, 118, 124, 142, 158, 174),
    )  # fmt: skip

    assert spans(lines) == [[(1, 1), (1, 1)]] * 4


def test_a_name_centred_beside_names_of_two_lines_is_in_their_row() -> None:
    lines = rows(
        ("", "Regional", "Estu-"), ("Council", "", ""), ("", "printer", "ary"),
        ("Remark-", "", ""), ("", "12", "3"), ("able", "", ""), ("Mill", "7", "5"),
        tops=(100, 106, 112, 128, 134, 140, 156),
    )  # fmt: skip

    assert spans(lines) == [[(1, 1)] * 3] * 3


def test_cells_beside_each_other_with_alternating_lines_are_one_row() -> None:
    lines = rows(
        ("Name", "Sold"), ("Remark-", ""), ("able", ""), ("", "12"), ("kiln", ""), ("old", ""),
        ("Mill", "7"), ("Tempo-", ""), ("", "9"), ("rary", ""),
        tops=(80, 100, 112, 118, 124, 136, 153, 169, 175, 181),
    )  # fmt: skip

    assert spans(lines) == [[(1, 1), (1, 1)]] * 4


def test_rows_of_numbers_are_never_joined() -> None:
    lines = rows(("Boat", "12"), ("Mill", "7"), ("Tent", "9"), tops=(100, 112, 140))

    assert spans(lines) == [[(1, 1), (1, 1)]] * 3


def test_rules_show_cells_over_several_columns_and_rows() -> None:
    lines = rows(("Service", "Plan"), ("Visit", "30"), tops=(102, 132))
    lines += [letters("Town", left=222, top=117), letters("Else", left=302, top=117)]
    lines += [letters("50", left=302, top=132)]
    level = (Box(70, y, 400, y + 1) for y in (98, 128, 145))
    across = (*level, Box(215, 113, 400, 114))
    upright = (Box(70, 98, 71, 146), Box(215, 98, 216, 146), Box(399, 98, 400, 146))
    inner = (Box(295, 113, 296, 146),)

    assert spans(lines, Rules(across, (*upright, *inner))) == [
        [(1, 2), (2, 1)],
        [(1, 1), (1, 1)],
        [(1, 1), (1, 1), (1, 1)],
    ]
