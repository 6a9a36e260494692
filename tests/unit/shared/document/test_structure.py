"""One document of many pages: what is joined, moved and dropped, and that no word is lost."""

import json
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.document.assembly import assemble
from shared.domain.records.options import RenderOptions
from tests.support.documents.merged import json_of, manifest, markdown_of, results_of
from tests.support.documents.page_blocks import FOOT, FULL, body, document
from tests.support.documents.rendered import renderings


def test_a_paragraph_over_a_page_break_is_one_and_has_the_anchor_at_the_join() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because every")]
    second = [("text", FULL, "ship of the company needed repair. Then it opened.")]

    assert body(first, second, page_breaks="comment") == (
        "<!-- page 1 -->\n\nThe harbour was closed during the winter because every "
        "<!-- page 2 -->ship of the company needed repair. Then it opened.\n"
    )


def test_a_blank_page_inside_a_paragraph_has_no_text_and_the_next_page_all_of_its_own() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because every")]
    last = [
        ("text", FULL, "ship of the company needed repair. Then it opened."),
        ("text", FOOT, "The town slept."),
    ]

    written = document(first, [], last)

    markdown = markdown_of(written)
    spans = {page["page"]: page["markdown_span"] for page in json.loads(json_of(written))["pages"]}
    text = {page: markdown[slice(*span)] for page, span in spans.items()}
    assert text[1] == "The harbour was closed during the winter because every"
    assert text[2] == ""
    assert text[3].startswith("ship of the company")
    assert text[3].endswith("The town slept.")


def test_paragraphs_that_end_at_the_break_stay_two() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because of ice.")]
    second = [("text", FULL, "Ships of the company needed repair.")]

    assert "ice.\n\nShips" in body(first, second)


def test_a_heading_is_never_joined_over() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because every")]
    second = [("sub_title", FULL, "## Ships"), ("text", FOOT, "ship of the company was old.")]

    assert "every\n\n## Ships\n\nship" in body(first, second)


def test_hyphens_of_syllables_go_and_those_of_compounds_stay() -> None:
    syllable = body(
        [("text", FULL, "A long administration. The new harbour had an adminis-")],
        [("text", FULL, "tration of its own.")],
    )
    compound = body(
        [("text", FULL, "A cost-effective harbour. The new one was also cost-")],
        [("text", FULL, "effective for all.")],
    )
    soft = body(
        [("text", FULL, "A long quay and a wall. The new harbour had a ware\u00ad")],
        [("text", FULL, "house of its own.")],
    )

    assert "an administration of its own" in syllable
    assert "also cost-effective for all" in compound
    assert "a warehouse of its own" in soft


def test_a_figure_and_a_footnote_between_the_halves_are_passed_over() -> None:
    first = [
        ("text", FULL, "The harbour was closed during the winter because every"),
        ("footnote", FOOT, "¹ See the report of the harbour."),
    ]
    second = [
        ("image_caption", FULL, "Figure 1: The harbour"),
        ("text", FOOT, "ship of the company needed repair."),
    ]

    assert "because every ship of the company" in body(first, second, footnotes="keep")


def table(*rows: list[str], head: str = "th") -> str:
    cells = [[f"<{head if i == 0 else 'td'}>{c}" for c in row] for i, row in enumerate(rows)]
    tags = [[f"{c}</{c[1:3]}>" for c in row] for row in cells]
    return "<table>" + "".join(f"<tr>{''.join(row)}</tr>" for row in tags) + "</table>"


def test_a_continued_table_is_one_with_its_header_once() -> None:
    merged = body(
        [("table", FULL, table(["Ship", "Year"], ["Anna", "1901"], ["Berta", "1902"]))],
        [("table", FULL, table(["Ship", "Year"], ["Clara", "1903"]))],
    )

    assert merged.count("<table>") == 1
    assert merged.count("Ship") == 1
    assert merged.index("Berta") < merged.index("Clara")


def test_a_row_that_a_break_divides_is_whole() -> None:
    long = "A ship that was built in the harbour and was"
    merged = body(
        [("table", FULL, table(["Ship", "Year", "Note"], ["Anna", "1901", long]))],
        [("table", FULL, table(["", "", "sold later."], ["Clara", "1903", "None."], head="td"))],
    )

    assert f"<td>{long} sold later.</td>" in merged


def test_tables_that_merely_meet_stay_two() -> None:
    merged = body(
        [("table", FULL, table(["Ship", "Year"], ["Anna", "1901"], ["Berta", "1902"]))],
        [("table", FULL, table(["Clerk", "Office"], ["Clara", "Harbour"]))],
    )

    assert merged.count("<table>") == 2


def test_a_list_goes_on_with_numbers_nesting_and_further_paragraphs() -> None:
    merged = body(
        [
            ("text", (100, 100, 900, 200), "The rules of the harbour are these."),
            ("list", (120, 300, 900, 320), "1. Ships have lights."),
            ("list", (160, 330, 900, 350), "- Red ones at the left."),
        ],
        [
            ("list", (160, 100, 900, 120), "- Green ones at the right."),
            ("text", (185, 130, 900, 150), "No other colours are used."),
            ("list", (120, 160, 900, 180), "2. Ships have flags."),
        ],
    )

    assert merged.endswith(
        "1. Ships have lights.\n\n    - Red ones at the left.\n\n    - Green ones at the right.\n\n"
        "        No other colours are used.\n\n2. Ships have flags.\n"
    )


def test_a_number_that_does_not_follow_begins_a_list_inside_the_item() -> None:
    lefts = [("9.", 116), ("10.", 108), ("1.", 128), ("2.", 128), ("11.", 108)]
    page = [
        ("list", (left, 100 + 50 * row, 890, 140 + 50 * row), f"{mark} The ship is old.")
        for row, (mark, left) in enumerate(lefts)
    ]

    merged = body([("text", (100, 40, 900, 90), "The ships:"), *page])

    assert re.findall(r"^ *\d+\.", merged, re.M) == ["9.", "10.", "    1.", "    2.", "11."]


def test_headings_have_the_level_of_their_number() -> None:
    merged = body(
        [("sub_title", (100, 100, 300, 120), "## 1 Ships"), ("text", FULL, "Some words here.")],
        [("title", (100, 100, 300, 120), "# 2 Harbours"), ("text", FULL, "Other words here.")],
        [("sub_title", (100, 100, 300, 120), "## 2.1 Quays"), ("text", FULL, "More words here.")],
    )

    headings = re.findall("^#+ .*", merged, re.MULTILINE)
    assert headings == ["# 1 Ships", "# 2 Harbours", "## 2.1 Quays"]


TOP = (400, 30, 600, 45)


def test_recurring_text_in_the_margins_goes_unless_it_is_kept() -> None:
    pages = [
        [
            ("text", TOP, "The Harbour Review" if number % 2 else "Spring issue"),
            ("text", FULL, f"{word} words stand on this page."),
            ("text", FOOT, f"{word} more words."),
            ("page_number", (490, 950, 510, 960), str(number)),
        ]
        for number, word in enumerate(["Some", "Other", "Many", "Few", "Old", "New"], start=1)
    ]  # fmt: skip

    assert "Review" not in body(*pages)
    assert body(*pages, headers="keep").count("The Harbour Review") == 3
    assert "\n\n6\n" in body(*pages, headers="keep")


def test_text_that_is_all_of_its_page_is_no_furniture() -> None:
    merged = body(*[[("text", TOP, f"Ticket {number}")] for number in range(1, 7)])

    assert merged.count("Ticket") == 6


NOTED = [
    ("text", FULL, "The harbour was closed.¹ It opened again in spring."),
    ("text", (100, 300, 900, 350), "Another paragraph stands here."),
    ("footnote", FOOT, "¹ See the report of the harbour."),
]


def test_footnotes_stand_after_their_paragraph_at_the_end_or_as_they_are() -> None:
    note = "[^1]: See the report of the harbour."

    assert f"closed.[^1] It opened again in spring.\n\n{note}\n\nAnother" in body(NOTED)
    assert body(NOTED, footnotes="end").endswith(f"stands here.\n\n{note}\n")
    assert "closed.¹" in body(NOTED, footnotes="keep")


def test_a_footnote_can_not_forge_a_link() -> None:
    hostile = [
        (
            "text",
            FULL,
            "Click¹(javascript:alert(1)) and here.² It opened [again³](https://a.example)",
        ),
        ("footnote", FOOT, "¹ javascript:alert(1)"),
        ("footnote", FOOT, '² javascript:alert(1) "two words"'),
        ("footnote", FOOT, "³ <script>alert(1)</script> is here"),
    ]

    for rendered in renderings(body(hostile)):
        assert rendered.dangers() == []


def test_markup_that_a_break_divides_does_not_become_active() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because <a")]
    second = [("text", FULL, "href=javascript:alert(1)>every ship</a> was old.")]

    for breaks in ("none", "comment"):
        for rendered in renderings(body(first, second, page_breaks=breaks)):
            assert rendered.dangers() == []


def test_every_join_is_recorded_with_pages_and_boxes() -> None:
    first = [("text", FULL, "The harbour was closed during the winter because every")]
    second = [("text", FOOT, "ship of the company needed repair.")]

    plain = json.loads(json_of(document(first, second)))

    assert plain["joins"] == [
        {
            "kind": "paragraph",
            "before": {"page": 1, "bbox": list(FULL)},
            "after": {"page": 2, "bbox": list(FOOT)},
        }
    ]
    assert [place["page"] for place in plain["blocks"][0]["places"]] == [1, 2]
    spans = [page["markdown_span"] for page in plain["pages"]]
    markdown = markdown_of(document(first, second))
    assert markdown[slice(*spans[1])] == "ship of the company needed repair."


PARTS = "harbour ship ice Anna winter adminis- tration 12 3. 一 船 open. end! ¹ (a)"
WORDS = st.sampled_from(PARTS.split())
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
BOXES = st.tuples(
    st.integers(0, 400), st.integers(0, 900), st.integers(420, 999), st.integers(901, 999)
)
KINDS = st.sampled_from(["text", "list", "footnote", "table_caption", "sub_title", "title", "code"])
PREFIX = {"list": "- ", "sub_title": "## ", "title": "# "}
BLOCKS = st.tuples(KINDS, BOXES, TEXTS).map(lambda b: (b[0], b[1], PREFIX.get(b[0], "") + b[2]))


def words_of(text: str) -> Counter[str]:
    """The letters and digits of ``text``, whatever joins or divides its words."""
    return Counter(re.sub(r"\[\^\d+\]|[\W_¹]", "", text))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(BLOCKS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_no_word_is_lost_or_invented(
    pages: list[list[tuple[str, tuple[int, int, int, int], str]]],
) -> None:
    kept = body(*pages, headers="keep", footnotes="keep")

    assert words_of(kept) == words_of(" ".join(text for page in pages for _, _, text in page))
    assert kept == body(*pages, headers="keep", footnotes="keep")
    for rendered in renderings(body(*pages)):
        assert rendered.dangers() == []


def noted(text: str, note: str, kind: str = "text") -> str:
    return body([(kind, FULL, text), ("footnote", FOOT, note)])


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Reports ¹ of the harbour are old.", "¹ See the report of the harbour."),
        ("The harbour¹⁾ is old.", "1) See the report of the harbour."),
        ("The harbour**¹**⁾ is old.", "1) See the report of the harbour."),
        ("The system (MCAS) ¹ is old.", "¹ See the report of the harbour."),
        ("The harbour is old. ¹", "¹ See the report of the harbour."),
        ("The file `quay` (or `dock`¹) is old.", "¹ See the report of the harbour."),
        ("The harbour is old.¹²", "12. See the report of the harbour."),
        (r"The harbour\* is old.", r"\* See the report of the harbour."),
        ("Anna Maria Halloway*", r"\* See the report of the harbour."),
        ("The harbour† is old.", "† See the report of the harbour."),
        (r"The harbour\*\* and the quay\* are old.", r"\*\* See the report of the harbour."),
    ],
)
def test_a_note_is_linked_whatever_mark_it_has(text: str, note: str) -> None:
    linked = noted(text, note)

    assert "[^1]: See the report of the harbour." in linked
    assert linked.count("[^1]") == 2


def test_a_note_that_stands_on_the_page_after_its_mark_is_linked() -> None:
    first = [
        ("text", FULL, "The harbour is old.¹ The quay is older.²"),
        ("footnote", FOOT, "1. See the report of the harbour."),
    ]
    second = [("text", FULL, "A ship came.³"), ("footnote", FOOT, "2. See the report of the quay.")]

    merged = body(first, second)

    assert "The harbour is old.[^1] The quay is older.[^2]\n\n[^1]: See" in merged
    assert "[^2]: See the report of the quay.\n\nA ship came.³" in merged


def test_a_note_without_a_mark_is_a_paragraph_and_no_item() -> None:
    assert "12\\. See the report of the quay." in noted(
        "A ship came.", "12. See the report of the quay."
    )


def test_a_note_that_begins_with_code_is_linked() -> None:
    assert "[^1]: `quay.txt` lists" in noted("The list is long.¹", "¹`quay.txt` lists the berths.")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        # A power, a product, and two words that are emphasised.
        ("It has x ¹ and y in it.", "¹ See the report of the harbour."),
        (r"It has 3 \* 4 berths.", r"\* See the report of the harbour."),
        ("The *harbour* is old.", r"\* See the report of the harbour."),
    ],
)
def test_what_only_looks_like_a_mark_is_not_linked(text: str, note: str) -> None:
    assert "[^1]" not in noted(text, note)


def test_a_note_above_other_notes_is_a_note_and_joins_no_paragraph() -> None:
    page = [
        ("text", (70, 450, 340, 480), "These effects include an alert of the harbour, and"),
        ("text", (70, 498, 340, 545), "¹ The harbour is a basin."),
        ("text", (70, 550, 340, 900), "² The quay is a wall that ends at the"),
        ("text", (360, 80, 640, 110), "a second alert of the quay, which is rare."),
        ("text", (360, 880, 640, 910), "basin of the harbour."),
    ]

    merged = body(page)

    assert "alert of the harbour, and a second alert of the quay" in merged
    assert "² The quay is a wall that ends at the basin of the harbour." in merged


def test_the_parts_of_the_running_header_on_the_first_page_are_furniture() -> None:
    first = [
        ("title", (70, 70, 300, 90), "# Proposed Rules"),
        ("text", (70, 700, 340, 930), "The most helpful comments reference a part of the"),
        ("sub_title", (650, 74, 750, 85), "## Harbour Register"),
        ("text", (650, 93, 760, 102), "Vol. 85, No. 152"),
        ("text", (650, 115, 818, 125), "Thursday, August 6, 2020"),
        ("text", (650, 154, 928, 290), "proposal and explain the reason."),
    ]
    header = "Harbour Register / Vol. 85, No. 152 / Thursday, August 6, 2020 / Proposed Rules"
    others = [
        [("header", (196, 44, 807, 56), header), ("text", FULL, f"Text of {name}.")]
        for name in ("Anna", "Bert", "Carl")
    ]

    merged = body(first, *others)
    assert merged.startswith(
        "# Proposed Rules\n\nThe most helpful comments reference a part of the proposal and explain"
    )
    assert "Thursday" not in merged
    assert "Vol. 85" in body(first, *others, headers="keep")
    assert "Vol. 85" in body(first, others[0])


def test_a_heading_after_a_listing_is_a_heading() -> None:
    page = [
        ("sub_title", (100, 100, 400, 120), "## 1 Harbour"),
        ("code", (100, 200, 900, 300), "```\nopen quay\n```"),
        ("sub_title", (100, 400, 400, 420), "#### 2 Quay"),
    ]

    plain = json.loads(json_of(document(page)))

    assert [(each["type"], each["level"]) for each in plain["blocks"]] == [
        ("heading", 2), ("code", 0), ("heading", 2),
    ]  # fmt: skip


def heading(
    text: str, level: int, size: int, top: int
) -> tuple[str, tuple[int, int, int, int], str]:
    """A heading of one line whose letters are ``size`` high on the scale of the page."""
    return (
        "sub_title",
        (100, top, 100 + round(size * 0.54 * len(text)), top + round(size * 0.85)),
        f"{'#' * level} {text}",
    )


def test_numbers_of_one_depth_have_one_level_where_most_headings_have_none() -> None:
    pages = [
        [heading("securing", 2, 60, 100), heading("harbour", 3, 30, 300)],
        [heading("1.1 quays", 2, 28, 100), heading("contents", 2, 40, 400)],
        [heading("1.2 basins", 2, 36, 100), heading("1.2.1 locks", 3, 36, 300)],
        [
            heading("2.1 ships", 3, 26, 100),
            heading("crews", 3, 22, 300),
            heading("food", 3, 22, 500),
        ],
        [heading("water", 3, 22, 100), heading("money", 3, 22, 300)],
    ]

    blocks = json.loads(json_of(document(*pages)))["blocks"]

    levels = {each["text"].split()[1]: each["level"] for each in blocks}
    assert levels["1.1"] == levels["1.2"] == levels["2.1"] < levels["1.2.1"]


def test_the_large_text_of_a_title_page_is_the_title() -> None:
    title = [
        ("text", (116, 227, 837, 328), "Plan of the active transport of the harbour town"),
        ("text", (116, 700, 260, 720), "Final report"),
    ]
    inner = [heading("contents", 2, 30, 100), ("text", FULL, "The harbour is old.")]

    assert body(title, inner).startswith("# Plan of the active transport")
    assert body(inner, title).startswith("## ")


BALANCE = (
    "<table><tr><th>Item</th><th>End</th><th>Begin</th></tr>"
    "<tr><td>Cash</td><td>4,182.17</td><td>62,116</td></tr>"
    "<tr><td>Notes</td><td></td><td></td></tr></table>"
)


def test_a_table_goes_on_with_a_row_that_has_a_name_and_no_value() -> None:
    # An engine takes the first row of a page for a header.
    second = (
        "<table><tr><th>Bonds</th><th></th><th></th></tr>"
        "<tr><td>Quays</td><td>298,608.00</td><td>306,236.00</td></tr></table>"
    )

    merged = body([("table", FULL, BALANCE)], [("table", FULL, second)])

    assert merged.count("<table>") == 1
    assert "<td>Notes</td><td></td><td></td></tr><tr><td>Bonds</td>" in merged


def test_a_table_with_a_header_of_its_own_stays_apart() -> None:
    second = (
        "<table><tr><th>Bonds</th><th>Year</th><th></th></tr>"
        "<tr><td>Quays</td><td>298,608.00</td><td>306,236.00</td></tr></table>"
    )

    assert body([("table", FULL, BALANCE)], [("table", FULL, second)]).count("<table>") == 2


def piped(header: str, *rows: str) -> tuple[str, tuple[int, int, int, int], str]:
    columns = header.count("|") - 1
    return "table", FULL, "\n".join([header, f"|{' --- |' * columns}", *rows])


FIRST_PIPES = piped("| Item | End |", "| Cash | 4,182 |", "| Notes | 12 |")


def test_a_pipe_table_with_a_repeated_header_is_one_table() -> None:
    second = piped("| Item | End |", r"| Bonds \| quays | 7 |")

    assert body([FIRST_PIPES], [second]) == (
        "| Item | End |\n| --- | --- |\n| Cash | 4,182 |\n| Notes | 12 |\n| Bonds \\| quays | 7 |\n"
    )


def test_a_pipe_table_goes_on_with_a_row_that_pipes_made_a_header() -> None:
    merged = body([FIRST_PIPES], [piped("| Bonds | 7 |", "| Quays | 9 |")], page_breaks="comment")

    assert merged.endswith("| Notes | 12 |\n| <!-- page 2 -->Bonds | 7 |\n| Quays | 9 |\n")


def test_a_pipe_table_over_three_pages_has_an_anchor_for_each() -> None:
    pages = [[piped("| Item | End |", f"| {name} | 7 |")] for name in ("Bonds", "Quays")]

    merged = body([FIRST_PIPES], *pages, page_breaks="comment")

    assert "| <!-- page 2 -->Bonds | 7 |\n| <!-- page 3 -->Quays | 7 |" in merged


def test_a_pipe_table_with_code_that_holds_a_column_mark_stays_apart() -> None:
    second = piped("| Item | End |", "| `a|b` | 7 |")

    assert body([FIRST_PIPES], [second]).count("| --- |") == 2


def test_another_pipe_table_stays_apart() -> None:
    other = piped("| Name | Town |", "| Anna | Essen |")

    assert body([FIRST_PIPES], [other]).count("| --- |") == 2


def test_a_mark_belongs_to_the_first_note_with_its_number() -> None:
    page = [
        ("text", FULL, "The harbour¹⁾ is old."),
        ("footnote", (100, 800, 900, 820), "1) See the report of the harbour."),
        ("footnote", FOOT, "1) A point within the note."),
    ]

    merged = body(page)

    assert "The harbour[^1] is old." in merged
    assert merged.count("[^") == 2
    assert "1) A point within the note." in merged


def test_numbers_in_parentheses_stand_below_plain_ones() -> None:
    names = ("1 Entry", "(1) Law", "(2) Rule", "2 Tables", "(1) Reading")
    page = [
        ("sub_title", (100, 100 + 90 * index, 400, 120 + 90 * index), f"## {name}")
        for index, name in enumerate(names)
    ]

    blocks = json.loads(json_of(document(page)))["blocks"]

    assert [each["level"] for each in blocks] == [2, 3, 3, 2, 3]


def test_a_dash_at_a_break_has_a_space_after_it_only_where_it_has_one_before_it() -> None:
    attached = body(
        [("text", FULL, "The harbour was closed during the winter of platforms—")],
        [("text", FULL, "every ship of the company needed repair.")],
    )
    spaced = body(
        [("text", FULL, "The harbour was closed during the winter of platforms —")],
        [("text", FULL, "every ship of the company needed repair.")],
    )

    assert "platforms—every ship" in attached
    assert "platforms — every ship" in spaced


def test_numbers_of_one_depth_in_two_sizes_are_two_series() -> None:
    page = [heading("1 harbour", 2, 60, 100), heading("2 quays", 3, 20, 300)]
    more = [heading("sand and water", 3, 40, 100 + 90 * line) for line in range(4)]

    blocks = json.loads(json_of(document(page, more)))["blocks"]

    assert blocks[0]["level"] < blocks[1]["level"]


def test_two_series_of_numbers_keep_their_levels() -> None:
    pages = [
        [heading(f"{number} harbour", 2, 60, 100), heading("quay crews", 3, 24, 300)]
        for number in (1, 2, 3)
    ]
    licence = [heading(f"{number}. clauses", 2, 30, 100 * number) for number in (1, 2, 3, 4, 5)]
    more = [heading("sand and water", 3, 24, 100 + 90 * line) for line in range(8)]

    blocks = json.loads(json_of(document(*pages, licence, more)))["blocks"]

    levels = {each["text"].lstrip("# "): each["level"] for each in blocks}
    assert levels["1 harbour"] == levels["3 harbour"] < levels["1. clauses"] == levels["5. clauses"]


def test_a_line_of_the_first_page_in_the_place_of_the_header_is_furniture() -> None:
    first = [
        ("text", (100, 52, 300, 64), "Draft of 14 May"),
        ("title", (100, 110, 700, 140), "# Agreement on the Road"),
        ("text", FULL, "The road is closed."),
    ]
    others = [
        [("header", (100, 51, 400, 63), f"Agreement {name}"), ("text", FULL, f"Text of {name}.")]
        for name in ("Anna", "Bert")
    ]

    assert body(first, *others).startswith("# Agreement on the Road")
    assert "Draft of 14 May" in body(first, *others, headers="keep")
    # Alone at another height, or where other pages have no header, it is text.
    assert "Draft of 14 May" in body(first)
    lower = [("text", (100, 68, 300, 80), "Draft of 14 May"), *first[1:]]
    assert "Draft of 14 May" in body(lower, *others)


def test_no_paragraph_goes_on_around_the_picture_of_a_formula() -> None:
    job = manifest(1)
    texts = ("The height of the water was computed by", "where y is the height of the quay.")
    boxes = ((100, 100, 900, 200), (300, 210, 700, 300), (100, 310, 900, 400))
    blocks = [
        {"type": kind, "bbox": box, "text": text}
        for kind, box, text in zip(
            ("text", "image", "text"), boxes, (texts[0], "", texts[1]), strict=True
        )
    ]
    figure = {"key": "figures/000001-01-abcdefabcdef.png", "bbox": boxes[1]}

    for alt, is_joined in (("formula: x = y", False), ("", True)):
        markdown = f"{texts[0]}\n\n![{alt}](figure:1)\n\n{texts[1]}"
        results = results_of(job, {"markdown": markdown, "blocks": blocks, "figures": [figure]})
        merged = assemble(job, results, RenderOptions(page_breaks="none"))
        assert ("computed by where y" in markdown_of(merged)) == is_joined
        kinds = [each["type"] for each in json.loads(json_of(merged))["blocks"]]
        assert ("equation" in kinds) == (not is_joined)


def test_a_sentence_that_a_table_completes_is_not_joined_to_the_next_one() -> None:
    lead = "The program prefers a header without an entry for the names, so the file looks like"
    pages = [
        ("text", FULL, lead),
        ("table", (100, 210, 900, 300), table(["a", "b"], ["1", "2"])),
        ("text", (100, 310, 900, 400), "Some other systems require an empty entry in its place."),
    ]

    assert f"{lead} Some" not in body(pages)


def test_a_lead_in_with_the_mark_of_a_note_ends_before_a_table() -> None:
    first = [
        ("text", FULL, "The following files must be in the folder if the system is installed: 3"),
        ("table", (100, 210, 900, 300), table(["a", "b"], ["1", "2"])),
    ]

    assert "installed: 3\n" in body(first, [("text", FULL, "mtab does not fit the folder.")])


def test_items_at_one_edge_are_two_also_where_a_page_ends_between_them() -> None:
    edge, inside = (100, 500, 600, 510), (130, 100, 600, 110)
    first = [("text", FULL, "You can change:"), ("list", edge, "- lines in headers and footers")]
    second = "- headers and footers wider than the text"

    assert second in body(first, [("list", (100, 100, 600, 110), second)])
    assert second not in body(first, [("list", inside, second)])


def test_levels_that_no_heading_has_are_left_out() -> None:
    pages = [
        [heading("Chapter 1 Harbours", 1, 40, 100), heading("1.1 Quays", 3, 30, 300)],
        [heading("Chapter 2 Ships", 1, 40, 100), heading("2.1 Crews", 3, 30, 300)],
    ]

    lines = [line for line in body(*pages).split("\n") if line]
    assert [line.split(" ")[0] for line in lines] == ["#", "##", "#", "##"]


def test_centred_text_is_no_quotation() -> None:
    centred = [
        ("text", (200, 200, 800, 270), "The first paragraph of a slide has several words."),
        ("text", (230, 350, 770, 420), "The second one is narrower, and it says more of it."),
        ("text", (240, 460, 760, 530), "The third one is narrower still."),
        ("text", (400, 600, 600, 612), "A line."),
    ]
    even = [(kind, (200 if i != 1 else 230, *box[1:]), text)
            for i, (kind, box, text) in enumerate(centred)]  # fmt: skip

    assert ">" not in body(centred)
    assert "> The second one" in body(even)


def test_a_quotation_of_few_lines_is_found_where_no_paragraph_has_one_line() -> None:
    page = [
        ("sub_title", (120, 100, 300, 116), "## Rationale"),
        ("text", (120, 180, 883, 214), "The body of the page has paragraphs of full width."),
        ("text", (145, 240, 835, 295), "The quay is old and the harbour is deep, she said."),
        ("text", (120, 320, 883, 354), "The body of the page goes on."),
    ]

    assert "> The quay" in body(page)
    assert ">" not in body(page[1:])


def test_all_paragraphs_below_the_heading_of_a_box_are_alike() -> None:
    blocks = [
        ("text", (200, 100, 880, 140), "The body of the page has paragraphs of full width."),
        ("sub_title", (225, 160, 300, 172), "## Rationale"),
        ("text", (225, 180, 850, 220), "The first paragraph of the box gives a reason for it."),
        ("text", (225, 240, 850, 280), "The second paragraph of the box gives another one."),
        ("text", (200, 300, 880, 340), "The body of the page goes on."),
    ]

    assert ">" not in body(blocks)


def spanned(*rows: str) -> tuple[str, tuple[int, int, int, int], str]:
    head = (
        '<tr><th rowspan="2">Quay</th><th colspan="2">Ships</th></tr>'
        "<tr><th>Large</th><th>Small</th></tr>"
    )
    return ("table", FULL, f"<table>{head}{''.join(rows)}</table>")


def test_a_header_of_two_rows_with_spans_is_repeated_once() -> None:
    north = '<tr><td rowspan="2">North</td><td>4</td><td>7</td></tr><tr><td>1</td><td>2</td></tr>'
    south = "<tr><td>South</td><td>5</td><td>9</td></tr>"

    merged = body([spanned(north)], [spanned(south)])

    assert merged.count("<table>") == merged.count("Quay") == merged.count("Large") == 1
    assert merged.index("North") < merged.index("South")


def test_a_first_row_that_two_tables_share_is_not_dropped_with_the_header() -> None:
    row, other = "<tr><td>North</td><td>4</td><td>7</td></tr>", "<tr><td>1</td><td>2</td></tr>"
    spanning = '<tr><td rowspan="2">West</td><td>4</td><td>7</td></tr>'

    merged = body([spanned(row, spanning, other)], [spanned(row)])

    assert merged.count("North") == 2
    assert merged.count("Quay") == 1
