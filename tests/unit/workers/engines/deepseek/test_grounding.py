"""Parsing of grounding tags, well-formed and malformed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.deepseek.grounding import (
    Element,
    parse_bare_elements,
    parse_boxes,
    parse_elements,
)

TAGS = ["<|ref|>", "<|/ref|>", "<|det|>", "<|/det|>", "<|ref", "<|", "|>"]
BOXES = ["[[1,2,3,4]]", "[[9,", "]]", "[5,6,7,8]", "[", "-1", "99999999999999999999", "."]
PIECES = st.sampled_from([*TAGS, *BOXES, "text", "image", "header "])
hostile = st.lists(PIECES | st.text(max_size=8), max_size=60).map("".join)


def marked(label: str, boxes: str, body: str = "") -> str:
    return f"<|ref|>{label}<|/ref|><|det|>{boxes}<|/det|>{body}"


def test_a_page_is_read_region_by_region() -> None:
    answer = (
        marked("title", "[[10, 20, 30, 40]]", "  \n# Hello\n\n")
        + marked("text", "[[50, 60, 70, 80]]", "  \nBody\nmore.\n\n")
        + marked("image", "[[1, 2, 3, 4]]", "  \n")
    )

    assert parse_elements(answer) == (
        Element("title", ((10, 20, 30, 40),), "# Hello"),
        Element("text", ((50, 60, 70, 80),), "Body\nmore."),
        Element("image", ((1, 2, 3, 4),), ""),
    )


def test_several_boxes_of_one_marker_are_all_kept() -> None:
    (element,) = parse_elements(marked("image", "[[1, 2, 3, 4], [5, 6, 7, 8]]"))

    assert element.boxes == ((1, 2, 3, 4), (5, 6, 7, 8))


@pytest.mark.parametrize(
    ("answer", "elements"),
    [
        ("plain words", (Element("", (), "plain words"),)),
        ("", ()),
        ("<|ref|>cut off here", (Element("", (), "cut off here"),)),
        ("<|ref|>title<|/ref|>", (Element("title", (), ""),)),
        ("<|ref|>title<|/ref|>\n# No box", (Element("title", (), "# No box"),)),
        ("<|ref|>text<|/ref|><|det|>[[1, 2, 3", (Element("text", (), ""),)),
        (
            "<|ref|>text<|/ref|><|det|>[[1, 2, 3, 4], [5",
            (Element("text", ((1, 2, 3, 4),), ""),),
        ),
        (
            "<|ref|>text<|/ref|><|det|>[[1, 2, 3, 4]]\n2023 was",
            (Element("text", ((1, 2, 3, 4),), "2023 was"),),
        ),
        (
            "<|ref|>lost <|ref|>text<|/ref|><|det|>[[1,2,3,4]]<|/det|>kept",
            (Element("", (), "lost"), Element("text", ((1, 2, 3, 4),), "kept")),
        ),
        (
            "<|ref|>text<|det|>[[1,2,3,4]]<|/det|>kept",
            (Element("text", ((1, 2, 3, 4),), "kept"),),
        ),
        ("<|/ref|><|/det|>words<|/det|>", (Element("", (), "words"),)),
        (
            "<|ref|>text<|/ref|><|det|>[[1,2,3,4]]<|/det|><|det|>[[5,6,7,8]]<|/det|>x",
            (Element("text", ((1, 2, 3, 4), (5, 6, 7, 8)), "x"),),
        ),
        (
            "<|ref|>text<|/ref|><|det|>nonsense<|/det|>kept",
            (Element("text", (), "nonsensekept"),),
        ),
    ],
)
def test_broken_tags_lose_no_text(answer: str, elements: tuple[Element, ...]) -> None:
    assert parse_elements(answer) == elements


def test_a_label_inside_a_box_tag_is_parsed() -> None:
    answer = "<|det|>header [1, 2, 3, 4]<|/det|>Top\n<|det|>text [5, 6, 7, 8]<|/det|>Body"

    assert parse_elements(answer) == (
        Element("header", ((1, 2, 3, 4),), "Top"),
        Element("text", ((5, 6, 7, 8),), "Body"),
    )


def test_markers_without_tags_are_parsed() -> None:
    answer = "title[[1, 2, 3, 4]]\n# Hi\n\ntext[[5, 6, 7, 8]]  \nsee [[1, 2, 3, 4]] there"

    assert parse_bare_elements(answer, frozenset({"title", "text"})) == (
        Element("title", ((1, 2, 3, 4),), "# Hi"),
        Element("text", ((5, 6, 7, 8),), "see [[1, 2, 3, 4]] there"),
    )


def test_only_known_labels_start_a_marker_without_tags() -> None:
    answer = "citation[[1, 2, 3, 4]]"

    assert parse_bare_elements(answer, frozenset({"text"})) == (Element("", (), answer),)


@pytest.mark.parametrize(
    ("text", "boxes"),
    [
        ("[[-5, 0, 1200, 1000]]", ((0, 0, 999, 999),)),
        ("[[30, 40, 10, 20]]", ((10, 20, 30, 40),)),
        ("[[7, 7, 7, 7]]", ((7, 7, 8, 8),)),
        ("[[999, 5, 999, 5]]", ((998, 5, 999, 6),)),
        ("[[1.5, 2.5, 3.9, 4.1]]", ((1, 2, 3, 4),)),
        ("[[1, 2, 3]]", ()),
        ("[[1, 2, 3, 4, 5]]", ()),
        ("[[__import__('os').system('x')]]", ()),
        (f"[[0, 0, {'9' * 5000}, 5]]", ((0, 0, 999, 5),)),
    ],
)
def test_boxes_always_lie_on_the_page_and_have_an_area(text: str, boxes: object) -> None:
    assert parse_boxes(text) == boxes


@given(hostile)
def test_every_box_of_any_answer_lies_on_the_page(answer: str) -> None:
    elements = [*parse_elements(answer), *parse_bare_elements(answer, None)]

    for left, top, right, bottom in (box for element in elements for box in element.boxes):
        assert 0 <= left < right <= 999
        assert 0 <= top < bottom <= 999


@given(st.lists(st.sampled_from(["<|ref|>", "<|/ref|>", "<|/det|>", "<|det|>"]), max_size=20))
def test_words_survive_any_order_of_tags(tags: list[str]) -> None:
    words = [f"word{number}w" for number in range(len(tags) + 1)]
    answer = words[0] + "".join(tag + word for tag, word in zip(tags, words[1:], strict=True))

    text = "\n".join(element.label + "\n" + element.body for element in parse_elements(answer))

    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    "piece", ["<|ref|>", "<|det|>[", "[[", "[[1,2,3,4]]", "<|ref|>a<|/ref|><|det|>", "1 ", "a[b]] "]
)
def test_long_hostile_answers_take_linear_time(piece: str) -> None:
    answer = piece * (400_000 // len(piece))
    started = time.process_time()

    parse_elements(answer)
    parse_bare_elements(answer, None)

    assert time.process_time() - started < 5
