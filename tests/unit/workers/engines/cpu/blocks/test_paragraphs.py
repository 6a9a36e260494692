"""Joining rows into paragraphs: hyphens, ends, and splits by columns and figures."""

import pytest

from tests.support.engines.cpu_lines import column, line, markdown, page, styled
from workers.engines.cpu.blocks.escaping import escape_inline
from workers.engines.cpu.blocks.paragraphs import join_rows
from workers.engines.cpu.marks.marking import marked
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Region

LONG = "Rain fell on the roof of the old house all night and"
PROSE = [LONG, "no one in the village slept before the morning came", "back over the hills."]


def test_rows_become_one_paragraph() -> None:
    assert markdown(page(("text", column(PROSE)))) == " ".join(PROSE)


@pytest.mark.parametrize(
    ("rows", "page_text", "expected"),
    [
        (["pre-", "cision"], "", "precision"),
        (["a state-", "of-the-art tool"], "", "a state-of-the-art tool"),
        (["new platforms—", "reflects"], "", "new platforms—reflects"),
        (["new platforms —", "it reflects"], "", "new platforms — it reflects"),
        (["self-", "locking nuts"], "", "self-locking nuts"),
        (["a well-", "known fact"], "wellknown", "a wellknown fact"),
        (["type-", "writer"], "the type-writer of 1868", "type-writer"),
        (["Jean-", "Paul"], "", "Jean-Paul"),
        (["RAIN IN SEP-", "TEMBER."], "since September", "RAIN IN SEPTEMBER."),
        (["a CD-", "ROM"], "", "a CD-ROM"),
        (["ask quiet-", "harbour@a.example now"], "", "ask quiet-harbour@a.example now"),
        (["Wind-, Regen-", "und Eiskarten"], "", "Wind-, Regen- und Eiskarten"),
        (["in the thous-", "and years"], "thousand", "in the thousand years"),
        (["https:", "//a.example/x"], "", "https://a.example/x"),
        (["as follows:", "// a comment"], "", "as follows: // a comment"),
        (["soft\u00ad", "ware"], "", "software"),
        (["1990-", "1995"], "", "1990-1995"),
        (["see https://a.example/b_", "c.pdf"], "", "see https://a.example/b_c.pdf"),
        (["https://a.example/x/", "and"], "", "https://a.example/x/and"),
        (["中文", "不加空格"], "", "中文不加空格"),
        (["中文", "and Latin"], "", "中文 and Latin"),
        (["한국어는", "띄어쓴다"], "", "한국어는 띄어쓴다"),
    ],
)
def test_rows_are_joined_by_the_rules_of_their_language(
    rows: list[str], page_text: str, expected: str
) -> None:
    assert join_rows(rows, page_text) == expected


def test_a_wide_row_distance_begins_a_paragraph() -> None:
    lower = column(["The next day was dry and the people went out to mend"], top=150)

    text = markdown(page(("text", [*column(PROSE), *lower])))

    assert text.split("\n\n") == [" ".join(PROSE), lower[0].text]


def test_an_indented_row_begins_a_paragraph_only_after_a_full_stop() -> None:
    rows = column(["The old man looked at the sky for a very long time.", LONG, PROSE[1]])
    indented = [rows[0], line(LONG, left=90, top=rows[1].box.top), rows[2]]
    unfinished = [line(LONG), line(PROSE[1], left=90, top=112.5), line(PROSE[1], top=125)]

    assert markdown(page(("text", indented))).count("\n\n") == 1
    assert "\n\n" not in markdown(page(("text", unfinished)))


def test_lines_of_an_address_are_separate_paragraphs() -> None:
    rows = ["Northgate School Library", "2 Abbey Road", "Ashcombe AC1 4QT"]

    assert markdown(page(("text", column(rows)))).split("\n\n") == rows


def test_rows_in_capitals_are_one_paragraph() -> None:
    rows = ["THE ROOFS OF THE TOWN", "DAMAGED DURING THE STORM", "ARE MOSTLY RESTORED NOW"]

    assert markdown(page(("image_caption", column(rows)))) == " ".join(rows)


def test_a_paragraph_split_by_a_column_is_joined() -> None:
    left = column(["It was raining hard over all of the town when the old"], top=100)
    right = column(["man opened his door and looked."], left=350, top=100)

    text = markdown(page(("text", left), ("text", right)))

    assert text == f"{left[0].text} {right[0].text}"


def test_a_word_split_by_a_figure_is_joined_before_the_figure() -> None:
    upper, lower = column(["A storm has its own pre-"]), column(["dictable end."], top=300)
    figure = Region("picture", Box(72, 120, 300, 290))

    text = markdown(page(("text", upper), ("text", lower), more=[figure]))

    assert text == "A storm has its own predictable end.\n\n![](figure:1)"


def test_a_paragraph_goes_on_around_a_table_with_a_caption_only() -> None:
    upper = ("text", column(["The old program has the following values"]))
    cells = column(["width"], top=150) + column(["9 cm"], left=150, top=150)
    lower = ("text", column(["and writes each of them into its log."], top=220))
    caption = ("caption", column(["Table 1: Values of the program"], top=180))

    assert markdown(page(upper, ("table", cells), lower)).endswith(f"\n\n{lower[1][0].text}")
    assert markdown(page(upper, ("table", cells), caption, lower)).startswith(
        f"{upper[1][0].text} {lower[1][0].text}"
    )


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ({"italic": True}, {"italic": True}, "see *command string* now"),
        ({"italic": True}, {}, "see *com*mand string now"),
    ],
)  # fmt: skip
def test_a_divided_word_with_emphasis_is_whole(
    first: dict[str, bool], second: dict[str, bool], text: str
) -> None:
    rows = [
        marked(styled(("see ", {}), ("com-", first))),
        marked(styled(("mand string", second), (" now", {}))),
    ]

    assert escape_inline(join_rows(rows)) == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (("https://files.", "a.example/x/"), "`https://files.a.example/x/`"),
        (("/", "srv/data"), "`/srv/data`"),
        (("port-", "number"), "`port-number`"),
        (("first.", "second"), "`first. second`"),
    ],
)
def test_an_address_or_path_in_code_is_whole(rows: tuple[str, str], text: str) -> None:
    parts = [marked(styled((row, {"monospaced": True}))) for row in rows]

    assert escape_inline(join_rows(parts)) == text


def test_a_divided_name_in_code_is_whole_where_the_page_has_it_elsewhere() -> None:
    parts = [marked(styled((row, {"monospaced": True}))) for row in ("foot-", "notetext")]

    assert escape_inline(join_rows(parts, "It changes footnotetext here.")) == "`footnotetext`"
    assert escape_inline(join_rows(parts, "It changes it.")) == "`foot-notetext`"


@pytest.mark.parametrize(
    ("rows", "page_text", "text"),
    [
        # A syllable has a vowel.
        (("sent to ftp-", "master"), "", "sent to ftp-master"),
        # Another ending of a compound on the page.
        (
            ("oder Laptop-", "spezifischen"),
            "für Laptop-spezifische Teile",
            "oder Laptop-spezifischen",
        ),
        (("an adminis-", "tration"), "", "an administration"),
    ],
)
def test_a_compound_keeps_its_hyphen(rows: tuple[str, str], page_text: str, text: str) -> None:
    assert join_rows(rows, page_text) == text


def test_a_divided_command_of_tex_has_no_hyphen() -> None:
    code = {"monospaced": True}
    rows = [line_of(styled((text, code))).rich for text in (r"\phan-", "tomsection")]

    assert join_rows(rows, "") == line_of(styled((r"\phantomsection", code))).rich


def test_a_divided_emphasised_word_of_two_columns_is_whole() -> None:
    left = line_of(
        styled(("It rained on all of the town and on its ", {}), ("gar-", {"italic": True}))
    )
    right = line_of(styled(("dens", {"italic": True}), (" too.", {}), left=350))

    text = markdown(page(("text", [left]), ("text", [right])))

    assert text == "It rained on all of the town and on its *gardens* too."


def test_a_drop_cap_is_joined_to_its_paragraph() -> None:
    rows = column(["he rain fell on the roof and on", "the garden behind the house all"], left=100)
    others = column(["night, and no one in the village could sleep."], top=125)

    text = markdown(page(("text", [line("T", top=98, size=24), *rows, *others])))

    assert text.startswith("The rain fell on the roof and on the garden")


def test_code_keeps_its_rows_and_its_indentation() -> None:
    rows = [
        line("def add(a, b):", monospaced=True),
        line("return a + b", left=92, top=112.5, monospaced=True),
        line("print(add(2, 3))", top=125, monospaced=True),
    ]

    text = markdown(page(("text", rows)))

    assert text == "```\ndef add(a, b):\n    return a + b\nprint(add(2, 3))\n```"


def test_leaders_of_a_table_of_contents_are_shortened() -> None:
    rows = column(["1 Introduction . . . . . . . . . . . . 3", "2 Method ................ 12"])

    assert markdown(page(("text", rows))) == "- 1 Introduction ... 3\n- 2 Method ... 12"


def test_a_range_of_years_goes_on_in_the_next_row() -> None:
    rows = column(["The union was founded in the town and stood from 1921-", "1968 at the quay."])
    short = [
        line("It met in the years 1921-"),
        line("1968 and then no more at all, as is known", top=112.5),
    ]

    assert "1921-1968" in markdown(page(("text", rows)))
    assert "1921-1968" in markdown(page(("text", short)))
