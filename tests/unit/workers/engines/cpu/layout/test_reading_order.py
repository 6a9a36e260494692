"""The reading order of blocks on pages with columns, figures and headings."""

from dataclasses import replace

from tests.support.engines.cpu_lines import column, line, markdown, page, region
from workers.engines.cpu.layout.reading_order.box_order import reading_order
from workers.engines.cpu.layout.side_by_side.columns import split_into_columns
from workers.engines.cpu.values import Box

#: Points.
LINE_HEIGHT = 10.0


def order(**boxes: tuple[float, float, float, float]) -> list[str]:
    names = list(boxes)
    return [names[i] for i in reading_order([Box(*box) for box in boxes.values()], LINE_HEIGHT)]


def test_the_left_column_is_read_before_the_right_one() -> None:
    assert order(right=(306, 100, 524, 400), low=(72, 260, 290, 400), left=(72, 100, 290, 240)) == [
        "left",
        "low",
        "right",
    ]


def test_a_heading_over_both_columns_is_read_first() -> None:
    assert order(right=(306, 100, 524, 400), left=(72, 100, 290, 400), title=(72, 40, 524, 70)) == [
        "title",
        "left",
        "right",
    ]


def test_gaps_at_the_same_height_do_not_split_the_columns() -> None:
    assert order(
        a=(72, 100, 290, 200), c=(306, 100, 524, 200), b=(72, 220, 290, 400), d=(306, 220, 524, 400)
    ) == ["a", "b", "c", "d"]


def test_columns_under_a_wide_figure_are_read_after_those_above_it() -> None:
    assert order(
        a=(72, 100, 290, 200),
        b=(306, 100, 524, 200),
        figure=(72, 220, 524, 400),
        c=(72, 420, 290, 500),
        d=(306, 420, 524, 500),
    ) == ["a", "b", "figure", "c", "d"]


def test_a_date_at_the_right_is_read_before_the_text_below_it() -> None:
    assert order(dear=(90, 196, 180, 208), text=(90, 220, 500, 400), date=(420, 150, 505, 162)) == [
        "date",
        "dear",
        "text",
    ]


def test_text_around_an_inset_is_read_in_its_column() -> None:
    assert order(
        left=(65, 146, 298, 337),
        right=(312, 146, 546, 337),
        caption=(256, 360, 354, 427),
        left_beside=(65, 362, 240, 460),
        right_beside=(369, 362, 545, 420),
        left_end=(65, 476, 298, 554),
        right_end=(312, 430, 546, 555),
    ) == ["left", "left_beside", "caption", "left_end", "right", "right_beside", "right_end"]


def test_side_headings_are_read_with_the_text_beside_them() -> None:
    assert order(
        head=(72, 100, 120, 112),
        text=(160, 100, 524, 300),
        next_head=(72, 320, 120, 332),
        next_text=(160, 320, 524, 520),
    ) == ["head", "text", "next_head", "next_text"]


def test_every_one_of_many_overlapping_boxes_is_read_once() -> None:
    boxes = {f"b{i}": (72.0 + i, 100.0 + i, 500.0 + i, 700.0 + i) for i in range(200)}

    assert sorted(order(**boxes)) == sorted(boxes)


def test_a_region_over_two_columns_is_split_at_the_gutter() -> None:
    left = column(["words of the left column"] * 6, left=72)
    right = column(["words of the right column"] * 6, left=206)

    parts = split_into_columns([*left, *right], LINE_HEIGHT)

    assert [{line.text for line in part} for part in parts] == [
        {"words of the left column"},
        {"words of the right column"},
    ]


def test_text_outside_all_regions_is_read() -> None:
    inside, outside = column(["Words in a region."]), column(["Words in none."], top=300)

    assert markdown(page(("text", inside), loose=outside)) == "Words in a region.\n\nWords in none."


def test_a_text_region_inside_another_is_not_read_twice() -> None:
    rows = column(["first row of the text here", "second row of the text", "third row of it all."])

    text = markdown(page(("text", rows), more=[region("text", rows[1:2])]))

    assert text.split() == " ".join(row.text for row in rows).split()


def test_a_heading_is_read_directly_before_the_text_under_it() -> None:
    head = ("section-header", [line("Creating a Song", left=306, top=200, size=13)])
    under = ("text", column(["One way to create a song is this"] * 4, left=306, top=220))
    left = ("text", column(["text of the left column here"] * 12, left=72))
    above = ("text", column(["text above the heading there"] * 5, left=306))

    text = markdown(page(head, under, left, above))

    assert text.index("text above") < text.index("Creating") < text.index("One way")


def test_a_stamp_across_the_page_does_not_mix_its_columns() -> None:
    left = [column(["text of the left column"] * 3, 72, top) for top in (100, 170, 230)]
    right = [column(["text of the right column"] * 3, 312, top) for top in (100, 160, 240)]
    stamp = replace(line("DRAFT", size=300, slanted=True), box=Box(100, 150, 520, 300))
    parts = [("text", lines) for lines in (*left, *right)]

    text = markdown(page(*parts, loose=[stamp]))

    assert text.rindex("left") < text.index("right")


def test_a_block_inside_a_region_of_text_keeps_its_place() -> None:
    before = column(["the first part tells of the rain"] * 2)
    after = column(["the second part tells of the snow"] * 2, top=180)
    head = ("section-header", [line("The snow", top=150, size=14, bold=True)])

    text = markdown(page(head, ("text", [*before, *after])))

    assert text.index("of the rain") < text.index("# The snow") < text.index("of the snow")


def test_a_table_of_whole_lines_is_text() -> None:
    rows = column(["the lines of a page that look like a table are text"] * 7)

    assert "<table>" not in markdown(page(("table", rows)))


def test_entries_of_contents_with_leaders_keep_their_rows() -> None:
    titles = ["A table", "A combination", "A list of commands", "An index"]
    rows = [
        [
            line(str(n), 72, y),
            line(title + " ." * (30 - len(title) // 2), 90, y),
            line(str(n + 3), 400, y),
        ]
        for n, (title, y) in enumerate(zip(titles, (100, 112.5, 125, 137.5), strict=True), 1)
    ]

    text = markdown(page(("list-item", [piece for row in rows for piece in row])))

    assert text.splitlines() == [f"- {n} {title} ... {n + 3}" for n, title in enumerate(titles, 1)]
