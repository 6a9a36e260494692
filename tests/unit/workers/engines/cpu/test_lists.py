"""List items: their marks, their parts, their depth."""

from tests.support.engines.cpu_lines import column, line, markdown, page


def test_every_bullet_becomes_a_dash_and_items_stand_close() -> None:
    rows = column(["• apples from the garden", "– pears", "▪ plums"])

    text = markdown(page(*[("list-item", [row]) for row in rows]))

    assert text == "- apples from the garden\n- pears\n- plums"


def test_numbers_stay_as_they_were_printed() -> None:
    rows = column(["3. shade the display", "4) keep snails away"])

    assert markdown(page(("list-item", rows))) == "3. shade the display\n4) keep snails away"


def test_an_item_of_two_rows_is_one_item() -> None:
    rows = [line("• Ultra-fast disk drive stores"), line("songs in seconds", left=82, top=112.5)]

    assert markdown(page(("list-item", rows))) == "- Ultra-fast disk drive stores songs in seconds"


def test_the_tail_of_an_item_in_a_block_of_its_own_comes_back_to_it() -> None:
    item = [line("• Each of the tracks may")]
    tail = [line("be assigned to one channel", left=82, top=112.5)]

    text = markdown(page(("list-item", item), ("list-item", tail)))

    assert text == "- Each of the tracks may be assigned to one channel"


def test_a_deeper_left_edge_is_a_deeper_item() -> None:
    rows = [
        line("• fruit"),
        line("• apples", left=92, top=112.5),
        line("• pears", left=92, top=125),
        line("• bread", top=137.5),
    ]

    text = markdown(page(*[("list-item", [row]) for row in rows]))

    assert text == "- fruit\n    - apples\n    - pears\n- bread"


def test_bullets_in_a_text_block_make_it_a_list() -> None:
    rows = column(["• one thing", "• another thing"])

    assert markdown(page(("text", rows))) == "- one thing\n- another thing"


def test_a_decimal_number_begins_no_item() -> None:
    rows = column(["3.5 litres of water are enough for the whole of the day and", "more."])

    assert markdown(page(("text", rows))).startswith("3.5 litres")


def test_markup_inside_an_item_opens_nothing() -> None:
    rows = column(["• # not a heading", "• > not a quote"])

    assert markdown(page(("list-item", rows))) == "- \\# not a heading\n- \\> not a quote"
