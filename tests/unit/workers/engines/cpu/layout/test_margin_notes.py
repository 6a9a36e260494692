"""Notes in the margin stand apart and are never a part of a sentence."""

from dataclasses import replace

from tests.support.engines.cpu_lines import column, letters, line, markdown, page
from workers.engines.cpu.layout.side_by_side.margin_notes import split_margin_notes

TEXT = column(["words of a long paragraph that fill the whole line"] * 9, left=150)
PARAGRAPH = " ".join(row.text for row in TEXT)


def test_notes_before_the_text_are_no_words_of_its_sentences() -> None:
    notes = [line(r"\caption", 105, 125), line("floats", 115, 162.5)]

    text = markdown(page(("text", [*TEXT, *notes])))

    assert text.endswith(f"\n\n{PARAGRAPH}")
    assert text.split("\n\n")[:2] == [r"\caption", "floats"]


def test_a_note_behind_the_text_is_no_word_of_its_sentences() -> None:
    note = line("see below", 412, 137.5)

    assert markdown(page(("text", [*TEXT, note]))) == f"see below\n\n{PARAGRAPH}"


def test_a_note_close_to_its_line_is_cut_from_it() -> None:
    glued = letters(f"lastfoot {TEXT[0].text}", 105, 225)
    _, notes = split_margin_notes([*TEXT, line("endfoot", 110, 125), glued])

    assert [note.text for note in notes] == ["endfoot", "lastfoot"]


def test_terms_of_definitions_are_no_notes() -> None:
    terms = [line(term, 72, 100 + 37.5 * n) for n, term in enumerate(["quit", "return", "x-ray"])]

    assert split_margin_notes([*TEXT, *terms])[1] == []


def test_lines_that_begin_left_of_most_text_are_no_notes() -> None:
    outer = column(["the text around the list is a little wider than it"] * 3, 130, 300)
    short = [line("the end", 95, 337.5)]

    assert split_margin_notes([*TEXT, *outer, *short])[1] == []


def test_many_notes_close_to_their_lines_are_cut_from_them() -> None:
    names = ["end", "head", "begin", "lastly", "caption"]
    glued = [
        letters(f"{name} {TEXT[n].text}", 145 - 5 * len(name), TEXT[n].box.top)
        for n, name in enumerate(names)
    ]
    apart = line("endfoot", 110, 200)

    _, notes = split_margin_notes([*glued, *TEXT[5:], apart])

    assert len(notes) == 6


def test_a_note_stands_before_the_block_that_begins_beside_it() -> None:
    code = column(["first row", "second row"], left=150, top=225, monospaced=True)
    names = [line("first", 120, 225), line("second", 115, 237.5)]

    text = markdown(page(("text", TEXT), ("text", [*code, *names])))

    assert text.index("fill the whole") < text.index("first") < text.index("first row")


def test_a_stack_of_notes_longer_than_the_text_beside_it_is_one() -> None:
    names = column(["begin", "caption", "setting"], 100, 200)
    right = [
        replace(name, box=name.box._replace(left=145 - name.box.width, right=145)) for name in names
    ]

    _, notes = split_margin_notes([*TEXT, *right])

    assert [note.text for note in notes] == ["begin", "caption", "setting"]
