"""Program code keeps its lines, its indentation and its place between paragraphs."""

from dataclasses import replace

from tests.support.engines.cpu_lines import column, letters, line, markdown, page
from workers.engines.cpu.blocks.code import code_text
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.text_layer.lines import line_of

PROGRAM = [
    line("def total(items):", top=130, size=9, monospaced=True),
    line("for item in items:", left=90, top=142, size=9, monospaced=True),
    line("result += item", left=108, top=154, size=9, monospaced=True),
]
FENCE = "```\ndef total(items):\n    for item in items:\n        result += item\n```"


def test_code_inside_a_text_region_gets_a_fence_of_its_own() -> None:
    before, after = column(["The program adds."], top=115), column(["The end."], top=170)

    text = markdown(page(("text", [*before, *PROGRAM, *after])))

    assert text == f"The program adds.\n\n{FENCE}\n\nThe end."


def test_a_page_in_a_typewriter_font_is_no_code() -> None:
    letter = column(["Dear aunt, the rain has stopped"] * 5, monospaced=True)

    assert "```" not in markdown(page(("text", letter)))


def test_a_page_that_is_only_a_program_is_code() -> None:
    assert markdown(page(("text", PROGRAM))) == FENCE


def test_the_rows_of_a_report_stay_whole() -> None:
    amounts = column(["$ 30.00", "$ 20.00", "$ 334.00"], top=200, monospaced=True)
    accounts = column(
        ["Assets:Checking", "Expenses:Books", "Expenses:Food"], 132, 200, monospaced=True
    )
    prose = column(["The report shows the balance of all accounts of the book."])

    text = markdown(page(("text", prose), ("text", [*amounts, *accounts])))

    assert "\n$ 30.00     Assets:Checking\n$ 20.00     Expenses:Books\n$ 334.00" in text


def test_the_numbers_of_a_listing_stay_before_their_rows() -> None:
    numbers = column(["44", "45", "46"], left=60, size=6, top=204)
    rows = column([r"\def\one{%", r"\par", r"\fi}"], left=90, top=200, monospaced=True, size=7.5)
    prose = column(["The macro begins a paragraph and ends a condition, no more."])

    text = markdown(page(("text", prose), ("list-item", [*numbers, *rows])))

    assert "```\n44" in text
    assert r"45" in text
    assert "\\par\n46" in text


def test_words_behind_a_wide_font_keep_one_space() -> None:
    wide = letters("The programs", size=20).characters
    narrow = letters(" print and exit again", left=wide[-1].box.right).characters

    assert code_text(group_into_rows([line_of([*wide, *narrow])])) == (
        "The programs print and exit again"
    )


def test_pieces_of_code_under_each_other_are_one() -> None:
    first = [line("OtherStruct := {", top=100, monospaced=True)]
    second = [line("x  INTEGER", left=90, top=112.5, monospaced=True)]
    third = [line("END", top=137.5, monospaced=True)]
    prose = column(["The structure above has one number, which no one reads twice."], top=200)

    text = markdown(page(("text", first), ("text", second), ("text", third), ("text", prose)))

    assert text.startswith("```\nOtherStruct := {\n    x  INTEGER\n\nEND\n```")


def test_code_goes_no_further_than_the_text_between() -> None:
    first, second = PROGRAM[:1], PROGRAM[1:]
    prose = column(["and then it counts the items of the list, one after another,"], top=141)
    after = [replace(row, box=row.box._replace(top=row.box.top + 30)) for row in second]
    after = [line(row.text, row.box.left, row.box.top, 9, monospaced=True) for row in after]

    assert markdown(page(("text", first), ("text", prose), ("text", after))).count("```") == 4


def test_a_listing_that_looks_like_a_table_is_code() -> None:
    keys = column(["@Book{dubbel,", "editor =", "year ="], top=200, monospaced=True)
    values = column(["{Beitz, W.},", "1990,"], left=130, top=212.5, monospaced=True)
    prose = column(["The file of the book has an entry for each of its two editors."])

    text = markdown(page(("text", prose), ("table", [*keys, *values])))

    assert text.endswith("```\n@Book{dubbel,\neditor =    {Beitz, W.},\nyear =      1990,\n```")


def test_a_table_in_a_typewriter_font_stays_a_table() -> None:
    names = column(["Greenmantle", "Carnethy", "Ben Rha"], top=200, monospaced=True)
    times = column(["16.083", "48.350", "45.600"], left=180, top=200, monospaced=True)
    prose = column(["The races of the year with the best time of each of the hills."])

    assert "<td>Carnethy</td><td>48.350</td>" in markdown(
        page(("text", prose), ("table", [*names, *times]))
    )


def test_a_table_of_one_cell_is_its_text() -> None:
    box = column(["The words in a box are a paragraph"], top=200)
    prose = column(["The page has a box with a few words on it below this line."])

    assert "<table>" not in markdown(page(("text", prose), ("table", box)))


def test_a_rule_of_a_report_stands_between_its_rows() -> None:
    amounts = column(["$500.00", "$-25.00"], 102, 200, monospaced=True)
    rule, total = line("-" * 13, 72, 225, monospaced=True), line("$475.00", 102, 237.5)
    total = replace(total, monospaced=True)
    prose = column(["The report shows the balance of all accounts of the book."])
    content = page(("text", prose), ("text", [*amounts, total]), ("text", [rule]))

    assert "\n      $-25.00\n-------------\n      $475.00\n" in markdown(content)
