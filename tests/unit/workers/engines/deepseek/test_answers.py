"""Answers of the model as the Markdown and blocks that users get."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.records import Block
from shared.domain.tasks import Task
from workers.engines.deepseek.answers import WHOLE_PAGE, read_answer
from workers.engines.deepseek.cleaning import clean

BOX = (1, 2, 3, 4)


def marked(label: str, body: str = "", boxes: str = "[[1, 2, 3, 4]]") -> str:
    return f"<|ref|>{label}<|/ref|><|det|>{boxes}<|/det|>{body}\n\n"


def test_a_document_becomes_markdown_in_reading_order() -> None:
    answer = (
        marked("header", "\nRunning head")
        + marked("title", "\n# Title")
        + marked("text", "  \nSome text.")
        + marked("equation", "\n\\[ x \\coloneqq 1 \\]")
        + marked("page_number", "\n12")
    )

    read = read_answer(answer, Task.MARKDOWN)

    assert read.markdown == "# Title\n\nSome text.\n\n\\[ x := 1 \\]"
    assert [block.type for block in read.blocks] == [
        *("header", "title", "text", "equation", "page_number")
    ]
    assert read.blocks[0] == Block(type="header", bbox=BOX, text="Running head")


def test_figures_are_numbered_by_their_boxes_and_not_by_their_markers() -> None:
    answer = (
        marked("image", boxes="[[1, 2, 3, 4], [5, 6, 7, 8]]")
        + marked("image_caption", "\n<center>Figure 1: two</center>")
        + marked("figure", boxes="[[9, 9, 20, 20]]")
    )

    read = read_answer(answer, Task.MARKDOWN)

    assert read.markdown == ("![](figure:1)\n\n![](figure:2)\n\nFigure 1: two\n\n![](figure:3)")
    images = [block.bbox for block in read.blocks if block.type == "image"]
    assert images == [(1, 2, 3, 4), (5, 6, 7, 8), (9, 9, 20, 20)]


def test_a_figure_without_a_place_is_told() -> None:
    read = read_answer("<|ref|>image<|/ref|>", Task.MARKDOWN)

    assert read.markdown == ""
    assert read.notes == ("1 figures without a place could not be cut out",)


def test_a_table_behind_its_caption_belongs_to_the_table() -> None:
    answer = marked("table") + marked("table_caption", "\nTable 1\n<table><tr></tr></table>")

    read = read_answer(answer, Task.MARKDOWN)

    assert read.markdown == "Table 1\n<table><tr></tr></table>"
    assert [(block.type, block.text) for block in read.blocks] == [
        ("table", "<table><tr></tr></table>"),
        ("table_caption", "Table 1"),
    ]


def test_text_in_two_places_stands_in_the_result_once() -> None:
    read = read_answer(marked("text", "\nonce", "[[1,2,3,4], [5,6,7,8]]"), Task.MARKDOWN)

    assert read.markdown == "once"
    assert [(block.bbox, block.text) for block in read.blocks] == [
        ((1, 2, 3, 4), "once"),
        ((5, 6, 7, 8), ""),
    ]


def test_text_before_the_first_marker_is_kept() -> None:
    read = read_answer("Stray.\n" + marked("text", "Body"), Task.MARKDOWN)

    assert read.markdown == "Stray.\n\nBody"
    assert read.blocks[0] == Block(type="text", bbox=WHOLE_PAGE, text="Stray.")


def test_a_page_whose_tags_were_stripped_reads_the_same() -> None:
    tagged = marked("title", "\n# T") + marked("image") + marked("text", "\nbody")
    stripped = tagged
    for tag in ("<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>"):
        stripped = stripped.replace(tag, "")

    assert read_answer(stripped, Task.MARKDOWN) == read_answer(tagged, Task.MARKDOWN)


def test_an_unknown_region_keeps_its_text() -> None:
    read = read_answer(marked("sidebar", "\nHello") + marked("Total sum"), Task.MARKDOWN)

    assert read.markdown == "Hello\n\nTotal sum"


def test_layout_gives_places_without_text() -> None:
    read = read_answer(marked("title", "\n# Secret") + marked("image"), Task.LAYOUT)

    assert read.markdown == ""
    assert read.blocks == (Block(type="title", bbox=BOX), Block(type="image", bbox=BOX))


def test_text_with_boxes_is_read_line_by_line() -> None:
    answer = marked("Hello world") + marked("image", boxes="[[5, 6, 7, 8]]")

    read = read_answer(answer, Task.OCR)

    assert read.markdown == "Hello world\nimage"
    assert read.blocks == (
        Block(type="text", bbox=BOX, text="Hello world"),
        Block(type="text", bbox=(5, 6, 7, 8), text="image"),
    )


def test_locating_lists_every_place() -> None:
    read = read_answer(marked("a cat", boxes="[[1, 2, 3, 4], [5, 6, 7, 8]]"), Task.LOCATE)

    assert read.markdown == "- a cat: 1, 2, 3, 4\n- a cat: 5, 6, 7, 8"
    assert [block.bbox for block in read.blocks] == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_an_answer_in_words_is_kept_when_nothing_was_located() -> None:
    read = read_answer("There is no cat.", Task.LOCATE)

    assert (read.markdown, read.blocks) == ("There is no cat.", ())


@pytest.mark.parametrize("task", [Task.FREE_OCR, Task.FIGURE, Task.DESCRIBE, Task.CUSTOM])
def test_plain_tasks_give_the_text_alone(task: Task) -> None:
    read = read_answer("  One\n\n\n\nTwo<｜end▁of▁sentence｜>", task)

    assert (read.markdown, read.blocks) == ("One\n\nTwo", ())


def test_a_custom_prompt_may_ask_for_places() -> None:
    read = read_answer(marked("text", "\nHello"), Task.CUSTOM)

    assert read.blocks == (Block(type="text", bbox=BOX, text="Hello"),)


@pytest.mark.parametrize(
    ("garbled", "mended"),
    [
        ("state- of- the- art DeepSeek- OCR", "state-of-the-art DeepSeek-OCR"),
        ("pre- and post-war", "pre- and post-war"),
        ("- item", "- item"),
        ("`a- b` c- d", "`a- b` c-d"),
        ("```\na- b\n``` c- d", "```\na- b\n``` c-d"),
        ("<pre>a- b</pre>", "<pre>a- b</pre>"),
        ("x &amp;gt; y &amp; z", "x &gt; y &amp; z"),
        ("A \\eqqcolon B", "A =: B"),
        ("a\x00b\x1b[31m\r\nc", "ab[31m\nc"),
        ("\ud800", "\ufffd"),
        ("<center>Figure</center>", "Figure"),
    ],
)
def test_known_artefacts_are_mended(garbled: str, mended: str) -> None:
    assert clean(garbled) == mended


def test_a_document_cannot_forge_a_link_to_a_figure() -> None:
    read = read_answer(marked("text", "see ![](figure:1)") + marked("image"), Task.MARKDOWN)

    assert read.markdown.count("](figure:") == 1


WORD = st.text(st.characters(categories=["Ll", "Lu", "Nd", "Lo"]), min_size=1, max_size=12)
LABELS = ["text", "title", "table", "list", "header", "image", "table_caption", "sidebar"]


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.lists(WORD, min_size=1, max_size=6)), max_size=12
    )
)
def test_no_word_of_a_document_is_lost(regions: list[tuple[str, list[str]]]) -> None:
    answer = "".join(marked(label, "\n" + " ".join(words)) for label, words in regions)

    read = read_answer(answer, Task.MARKDOWN)

    kept = " ".join(block.text for block in read.blocks).split()
    assert sorted(kept) == sorted(word for _, words in regions for word in words)
    shown = [word for label, words in regions if label != "header" for word in words]
    assert [w for w in read.markdown.split() if not w.startswith("![")] == shown


@given(st.text(max_size=300), st.sampled_from(list(Task)))
def test_any_answer_can_be_stored(answer: str, task: Task) -> None:
    read = read_answer(answer, task)

    read.markdown.encode()
    figures = sum(block.type == "image" for block in read.blocks)
    assert task is Task.LAYOUT or read.markdown.count("![](figure:") == figures


@pytest.mark.parametrize(
    "piece", ["<pre>", "```", "`", "- ", "a- ", "&amp;", "&amp;#", "\n", " \t", "<table", "text[[1"]
)
@pytest.mark.parametrize("task", [Task.MARKDOWN, Task.OCR])
def test_long_hostile_answers_are_read_in_linear_time(piece: str, task: Task) -> None:
    answer = piece * (400_000 // len(piece)) + "x"
    started = time.process_time()

    read_answer(answer, task)

    assert time.process_time() - started < 5
