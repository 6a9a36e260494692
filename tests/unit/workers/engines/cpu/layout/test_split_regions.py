"""Text that the layout model divides or covers: meanings, footnotes and tables."""

from tests.support.engines.cpu_lines import column, kinds, letters, line, markdown, page, region
from workers.engines.cpu.assembly import drafts_of
from workers.engines.cpu.values import Box, PageContent, Region

KEYS = [
    line(key, top=100 + 12.5 * n, monospaced=True) for n, key in enumerate(["C-k", "C-y", "M-d"])
]
MEANINGS = column(["kill to the end", "yank the text", "kill the word of"], left=160)


def test_the_rest_of_the_last_meaning_stays_with_it() -> None:
    rest = [line("this line", left=165, top=137.5)]

    text = markdown(page(("text", [*KEYS, *MEANINGS]), ("text", rest)))

    assert text.endswith("<td>kill the word of this line</td></tr></table>")


def test_a_paragraph_under_the_terms_is_none_of_their_meanings() -> None:
    below = column(["These keys change the text."], top=137.5)

    text = markdown(page(("text", [*KEYS, *MEANINGS]), ("text", below)))

    assert text.endswith(f"</table>\n\n{below[0].text}")


def test_small_items_with_raised_marks_at_the_foot_are_notes() -> None:
    prose = column(["The harbour was closed in winter and opened in May."] * 3)
    note = [line("¹ A report on the harbour is at https:", top=700, size=8)]
    rest = [line("//example.org/reports/.", top=710, size=8)]

    found = kinds(page(("text", prose), ("list-item", note), ("list-item", rest)))

    assert found[-1] == (
        "footnote",
        "¹ A report on the harbour is at https://example.org/reports/.",
    )


def test_a_table_ends_where_the_text_of_other_regions_begins() -> None:
    left, right = (column([f"the {side} column goes on"] * 4, x, 200) for side, x in COLUMNS)
    cells = [
        letters(text, x, y) for y in (100, 112.5) for x, text in ((150, "name"), (300, "year"))
    ]
    whole = Region("table", Box(70, 98, 540, 260))
    regions = (whole, region("text", right), region("text", left))

    table, *others = drafts_of(PageContent(595, 842, (*cells, *right, *left), regions))

    assert table.box.bottom < 200
    assert [draft.text.split(" column")[0] for draft in others] == ["the left", "the right"]


COLUMNS = (("left", 72.0), ("right", 320.0))
