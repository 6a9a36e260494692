"""The text layer of a page as the model writes it."""

from shared.rendering.text_block import TextBlock
from workers.engines.deepseek.drafts.reference import answer_text, reference_tokens
from workers.engines.deepseek.drafts.replay import replayed
from workers.engines.deepseek.drafts.request import (
    REFERENCE,
    may_draft,
    packed,
    unpacked,
)

PARAGRAPH = "We weigh rain with a kitchen\nscale under a cake tin, read once a min-\nute by night."
BLOCKS = (
    TextBlock((10, 20, 300, 40), PARAGRAPH),
    TextBlock((0, 0, 999, 999), ""),  # a picture
    TextBlock((10, 50, 300, 90), "Oak shelf\n4\n68.50\n274.00\n"),
)


def spelled(text: str) -> list[int]:
    """A tokenizer of one token for each character."""
    return list(map(ord, text))


def written(*, grounded: bool) -> str:
    return "".join(map(chr, reference_tokens(BLOCKS, spelled, grounded=grounded)))


def test_a_paragraph_is_one_line_with_whole_words_and_a_table_has_cells() -> None:
    assert written(grounded=False) == (
        "We weigh rain with a kitchen scale under a cake tin, read once a minute by night.\n\n"
        "<td>Oak shelf</td><td>4</td><td>68.50</td><td>274.00</td>\n\n"
    )


def test_a_grounded_answer_has_a_marker_and_a_box_before_each_block() -> None:
    assert written(grounded=True).startswith(
        "<|ref|>text<|/ref|><|det|>[[10, 20, 300, 40]]<|/det|>\nWe weigh rain"
    )


def test_chinese_lines_are_joined_without_a_space() -> None:
    assert answer_text(["我们用厨房秤称量雨水并记录每分钟的读数以便比较", "全部结果都在表中"]) == (
        "我们用厨房秤称量雨水并记录每分钟的读数以便比较全部结果都在表中"
    )


def test_hardly_any_text_is_no_reference() -> None:
    page = (TextBlock((0, 0, 9, 9), "Page 4 of 12"),)
    assert reference_tokens(page, spelled, grounded=True) == []


def test_tokens_survive_the_way_to_the_engine() -> None:
    tokens = (0, 1, 128821, 129279)
    assert tuple(unpacked({REFERENCE: packed(tokens)}, REFERENCE)) == tokens
    assert not unpacked(None, REFERENCE)
    assert not unpacked({}, REFERENCE)


def test_only_greedy_answers_with_a_text_draft() -> None:
    extra = {REFERENCE: packed((1, 2))}
    assert may_draft(0.0, extra)
    assert not may_draft(0.3, extra)
    assert not may_draft(0.0, {})
    assert not may_draft(0.0, {REFERENCE: b""})


def test_a_replayed_answer_differs_by_the_wanted_share_and_is_always_the_same() -> None:
    text = list(range(1000, 1500))
    answer = replayed(text, 0.1, 700)
    other = sum(ours != theirs for ours, theirs in zip(answer, text * 2, strict=False))
    assert len(answer) == 700
    assert 40 < other < 110
    assert answer == replayed(text, 0.1, 700)
    assert replayed((), 0.1, 700) == ()
