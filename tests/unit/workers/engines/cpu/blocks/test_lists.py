"""List items: their marks, their rows and their level."""

from typing import Any

import pytest

from tests.support.engines.cpu_lines import column, line, markdown, page, styled
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line


def test_bullets_become_dashes_without_empty_lines_between() -> None:
    rows = column(["• apples from the garden", "– pears", "▪ plums"])

    text = markdown(page(*[("list-item", [row]) for row in rows]))

    assert text == "- apples from the garden\n- pears\n- plums"


def test_numbers_of_items_are_not_changed() -> None:
    rows = column(["3. shade the display", "4) keep snails away"])

    assert markdown(page(("list-item", rows))) == "3. shade the display\n4) keep snails away"


def test_two_rows_of_an_item_are_joined() -> None:
    rows = [line("• Ultra-fast disk drive stores"), line("songs in seconds", left=82, top=112.5)]

    assert markdown(page(("list-item", rows))) == "- Ultra-fast disk drive stores songs in seconds"


def test_the_rest_of_an_item_in_another_block_is_joined_to_it() -> None:
    item = [line("• Each of the tracks may")]
    rest = [line("be assigned to one channel", left=82, top=112.5)]

    text = markdown(page(("list-item", item), ("list-item", rest)))

    assert text == "- Each of the tracks may be assigned to one channel"


def test_an_indented_item_has_a_deeper_level() -> None:
    rows = [
        line("• fruit"),
        line("• apples", left=92, top=112.5),
        line("• pears", left=92, top=125),
        line("• bread", top=137.5),
    ]

    text = markdown(page(*[("list-item", [row]) for row in rows]))

    assert text == "- fruit\n    - apples\n    - pears\n- bread"


def test_a_text_block_with_bullets_is_a_list() -> None:
    rows = column(["• one thing", "• another thing"])

    assert markdown(page(("text", rows))) == "- one thing\n- another thing"


def test_a_decimal_number_does_not_begin_an_item() -> None:
    rows = column(["3.5 litres of water are enough for the whole of the day and", "more."])

    assert markdown(page(("text", rows))).startswith("3.5 litres")


def test_markup_in_an_item_is_escaped() -> None:
    rows = column(["• # not a heading", "• > not a quote"])

    assert markdown(page(("list-item", rows))) == "- \\# not a heading\n- \\> not a quote"


def test_ticks_and_boxes_stay_in_their_items() -> None:
    lines = column(["✔ Oars on board", "☐ Anchor tied", "☒ Lamp works"])

    assert markdown(page(("list-item", lines))) == (
        "- ✔ Oars on board\n- [ ] Anchor tied\n- [x] Lamp works"
    )


def test_a_letter_o_in_another_font_is_a_bullet() -> None:
    bullets = column(["o", "o"], monospaced=True)
    lines = [*bullets, *column(["Two large tents", "Twelve small tents"], left=90)]

    assert markdown(page(("list-item", lines))) == "- Two large tents\n- Twelve small tents"


def test_a_term_with_its_indented_meaning_has_no_bullet() -> None:
    term = line("−c  If this option is present, commands are read from", top=100)
    meaning = line("the first argument after the options.", left=108, top=112.5)

    assert markdown(page(("list-item", [term, meaning]))).startswith("−c  If this option")


def test_an_item_whose_bullet_is_a_drawing_stays_an_item() -> None:
    rows = column(["an item with a drawn bullet goes", "on in a second row of the same"], left=90)

    assert markdown(page(("list-item", rows))).startswith("- an item")


@pytest.mark.parametrize(("left", "top"), [(82, 131), (94, 125)])
def test_a_further_paragraph_in_the_block_of_an_item_stands_apart(left: float, top: float) -> None:
    rows = [
        line("– The pilot of the harbour measured"),
        line("the depth of the basin.", left=82, top=112.5),
        line("In winter the basin is closed and", left=left, top=top),
        line("no ship may enter it.", left=82, top=top + 12.5),
    ]

    text = markdown(page(("list-item", rows)))

    assert text == (
        "- The pilot of the harbour measured the depth of the basin.\n\n"
        "In winter the basin is closed and no ship may enter it."
    )


def test_a_wide_row_inside_a_sentence_begins_no_paragraph() -> None:
    rows = [
        line("– The pilot of the harbour measured"),
        line("the depth of the basin with", left=82, top=112.5),
        line("Greta, whose formula is tall", left=82, top=131),
    ]

    assert "with Greta, whose" in markdown(page(("list-item", rows)))


def test_a_mark_under_the_text_of_an_item_begins_a_deeper_list() -> None:
    rows = [line("• fruit"), line("• apples", left=80, top=112.5)]

    assert markdown(page(("list-item", rows))) == "- fruit\n    - apples"


@pytest.mark.parametrize("label", ["list-item", "text"])
def test_a_number_in_a_block_of_its_own_belongs_to_the_text_beside_it(label: str) -> None:
    before = [line("4. The quay is long.")]
    text = [line("The basin is closed in winter.", left=88, top=112.5)]

    written = markdown(
        page(("list-item", before), ("list-item", [line("5.", top=112.5)]), (label, text))
    )

    assert written == "4. The quay is long.\n5. The basin is closed in winter."


def test_a_letter_o_in_a_typewriter_font_far_before_its_text_is_a_bullet() -> None:
    def row(font: dict[str, Any]) -> Line:
        return line_of(styled(("o", font), (" Rope of ten metres", {})))

    assert markdown(page(("list-item", [row({"monospaced": True})]))) == "- Rope of ten metres"
    assert markdown(page(("text", [row({})]))) == "o Rope of ten metres"
