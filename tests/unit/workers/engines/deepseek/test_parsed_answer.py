"""Answers of the model, parsed into Markdown and blocks."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.records.page_result import Block
from shared.domain.tasks import Task
from workers.engines.deepseek.cleaning import clean
from workers.engines.deepseek.parsed_answer import WHOLE_PAGE, parse_answer

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

    parsed = parse_answer(answer, Task.MARKDOWN)

    assert parsed.markdown == "# Title\n\nSome text.\n\n\\[ x := 1 \\]"
    assert [block.type for block in parsed.blocks] == [
        *("header", "title", "text", "equation", "page_number")
    ]
    assert parsed.blocks[0] == Block(type="header", bbox=BOX, text="Running head")


def test_figures_are_numbered_by_their_boxes_and_not_by_their_markers() -> None:
    answer = (
        marked("image", boxes="[[1, 2, 3, 4], [5, 6, 7, 8]]")
        + marked("image_caption", "\n<center>Figure 1: two</center>")
        + marked("figure", boxes="[[9, 9, 20, 20]]")
    )

    parsed = parse_answer(answer, Task.MARKDOWN)

    assert parsed.markdown == ("![](figure:1)\n\n![](figure:2)\n\nFigure 1: two\n\n![](figure:3)")
    images = [block.bbox for block in parsed.blocks if block.type == "image"]
    assert images == [(1, 2, 3, 4), (5, 6, 7, 8), (9, 9, 20, 20)]


def test_a_figure_without_a_box_is_noted() -> None:
    parsed = parse_answer("<|ref|>image<|/ref|>", Task.MARKDOWN)

    assert parsed.markdown == ""
    assert parsed.notes == ("1 figures without a place could not be cut out",)


def test_a_table_after_its_caption_moves_to_the_table_block() -> None:
    answer = marked("table") + marked("table_caption", "\nTable 1\n<table><tr></tr></table>")

    parsed = parse_answer(answer, Task.MARKDOWN)

    assert parsed.markdown == "Table 1\n<table><tr></tr></table>"
    assert [(block.type, block.text) for block in parsed.blocks] == [
        ("table", "<table><tr></tr></table>"),
        ("table_caption", "Table 1"),
    ]


def test_text_with_two_boxes_is_in_the_result_once() -> None:
    parsed = parse_answer(marked("text", "\nonce", "[[1,2,3,4], [5,6,7,8]]"), Task.MARKDOWN)

    assert parsed.markdown == "once"
    assert [(block.bbox, block.text) for block in parsed.blocks] == [
        ((1, 2, 3, 4), "once"),
        ((5, 6, 7, 8), ""),
    ]


def test_text_before_the_first_marker_is_kept() -> None:
    parsed = parse_answer("Stray.\n" + marked("text", "Body"), Task.MARKDOWN)

    assert parsed.markdown == "Stray.\n\nBody"
    assert parsed.blocks[0] == Block(type="text", bbox=WHOLE_PAGE, text="Stray.")


def test_a_page_without_tags_parses_the_same() -> None:
    tagged = marked("title", "\n# T") + marked("image") + marked("text", "\nbody")
    stripped = tagged
    for tag in ("<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>"):
        stripped = stripped.replace(tag, "")

    parsed = parse_answer(stripped, Task.MARKDOWN)

    assert parsed.raw == stripped
    assert replace(parsed, raw=tagged) == parse_answer(tagged, Task.MARKDOWN)


def test_an_unknown_region_keeps_its_text() -> None:
    parsed = parse_answer(marked("sidebar", "\nHello") + marked("Total sum"), Task.MARKDOWN)

    assert parsed.markdown == "Hello\n\nTotal sum"


def test_layout_gives_boxes_without_text() -> None:
    parsed = parse_answer(marked("title", "\n# Secret") + marked("image"), Task.LAYOUT)

    assert parsed.markdown == ""
    assert parsed.blocks == (Block(type="title", bbox=BOX), Block(type="image", bbox=BOX))


def test_text_with_boxes_is_read_line_by_line() -> None:
    answer = marked("Hello world") + marked("image", boxes="[[5, 6, 7, 8]]")

    parsed = parse_answer(answer, Task.OCR)

    assert parsed.markdown == "Hello world\nimage"
    assert parsed.blocks == (
        Block(type="text", bbox=BOX, text="Hello world"),
        Block(type="text", bbox=(5, 6, 7, 8), text="image"),
    )


def test_locating_lists_every_box() -> None:
    parsed = parse_answer(marked("a cat", boxes="[[1, 2, 3, 4], [5, 6, 7, 8]]"), Task.LOCATE)

    assert parsed.markdown == "- a cat: 1, 2, 3, 4\n- a cat: 5, 6, 7, 8"
    assert [block.bbox for block in parsed.blocks] == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_a_plain_answer_is_kept_if_nothing_was_located() -> None:
    parsed = parse_answer("There is no cat.", Task.LOCATE)

    assert (parsed.markdown, parsed.blocks) == ("There is no cat.", ())


@pytest.mark.parametrize("task", [Task.FREE_OCR, Task.FIGURE, Task.DESCRIBE, Task.CUSTOM])
def test_plain_tasks_give_the_text_alone(task: Task) -> None:
    parsed = parse_answer("  One\n\n\n\nTwo<｜end▁of▁sentence｜>", task)

    assert (parsed.markdown, parsed.blocks) == ("One\n\nTwo", ())


def test_a_custom_prompt_may_return_boxes() -> None:
    parsed = parse_answer(marked("text", "\nHello"), Task.CUSTOM)

    assert parsed.blocks == (Block(type="text", bbox=BOX, text="Hello"),)


@pytest.mark.parametrize(
    ("garbled", "cleaned"),
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
def test_known_artefacts_are_cleaned(garbled: str, cleaned: str) -> None:
    assert clean(garbled) == cleaned


def test_a_document_cannot_forge_a_link_to_a_figure() -> None:
    parsed = parse_answer(marked("text", "see ![](figure:1)") + marked("image"), Task.MARKDOWN)

    assert parsed.markdown.count("](figure:") == 1


WORD = st.text(st.characters(categories=["Ll", "Lu", "Nd", "Lo"]), min_size=1, max_size=12)
LABELS = ["text", "title", "table", "list", "header", "image", "table_caption", "sidebar"]


@given(
    st.lists(
        st.tuples(st.sampled_from(LABELS), st.lists(WORD, min_size=1, max_size=6)), max_size=12
    )
)
def test_no_word_of_a_document_is_lost(regions: list[tuple[str, list[str]]]) -> None:
    answer = "".join(marked(label, "\n" + " ".join(words)) for label, words in regions)

    parsed = parse_answer(answer, Task.MARKDOWN)

    words_of_blocks = " ".join(block.text for block in parsed.blocks).split()
    assert sorted(words_of_blocks) == sorted(word for _, words in regions for word in words)
    words_of_text = [word for label, words in regions if label != "header" for word in words]
    assert [w for w in parsed.markdown.split() if not w.startswith("![")] == words_of_text


@given(st.text(max_size=300), st.sampled_from(list(Task)))
def test_any_answer_can_be_stored(answer: str, task: Task) -> None:
    parsed = parse_answer(answer, task)

    parsed.markdown.encode()
    figures = sum(block.type == "image" for block in parsed.blocks)
    assert task is Task.LAYOUT or parsed.markdown.count("![](figure:") == figures


@pytest.mark.parametrize(
    "piece", ["<pre>", "```", "`", "- ", "a- ", "&amp;", "&amp;#", "\n", " \t", "<table", "text[[1"]
)
@pytest.mark.parametrize("task", [Task.MARKDOWN, Task.OCR])
def test_long_hostile_answers_are_parsed_in_linear_time(piece: str, task: Task) -> None:
    answer = piece * (400_000 // len(piece)) + "x"
    started = time.process_time()

    parse_answer(answer, task)

    assert time.process_time() - started < 5
