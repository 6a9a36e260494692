"""One document of many pages: what is joined, moved and dropped, and that no word is lost."""

import json
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.document.assembly import Document, assemble
from shared.domain.records import RenderOptions
from tests.support.documents.merged import json_of, manifest, markdown_of, results_of
from tests.support.documents.rendered import renderings

FULL = (100, 100, 900, 200)
FOOT = (100, 860, 900, 890)


def document(*pages: list[tuple[str, tuple[int, int, int, int], str]], **render: Any) -> Document:
    """The document of pages with blocks of (type, box, Markdown)."""
    job = manifest(len(pages))
    changes = [
        {
            "markdown": "\n\n".join(
                text for kind, _, text in page if kind not in ("header", "page_number")
            ),
            "blocks": [{"type": kind, "bbox": box, "text": text} for kind, box, text in page],
            "status": "ok" if page else "blank",
        }
        for page in pages
    ]
    return assemble(job, results_of(job, *changes), RenderOptions(**render))


def body(*pages: list[tuple[str, tuple[int, int, int, int], str]], **render: Any) -> str:
    return markdown_of(document(*pages, **{"page_breaks": "none", **render}))


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


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(BLOCKS, min_size=1, max_size=6), min_size=1, max_size=5))
def test_no_word_is_lost_or_invented(
    pages: list[list[tuple[str, tuple[int, int, int, int], str]]],
) -> None:
    kept = body(*pages, headers="keep", footnotes="keep")

    assert words_of(kept) == words_of(" ".join(text for page in pages for _, _, text in page))
    assert kept == body(*pages, headers="keep", footnotes="keep")
    for rendered in renderings(body(*pages)):
        assert rendered.dangers() == []
