"""Pages that loop or do not end: which ways are tried, and what is said at the end."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.domain.errors import Repetition, Truncated
from shared.domain.records import Block, PageOptions
from workers.engines.contract import Reading
from workers.engines.deepseek.answers import Answer
from workers.engines.deepseek.completion import Answered, ends_in_loop
from workers.engines.deepseek.fallback.page_halves import Half, halves, joined
from workers.engines.deepseek.fallback.sampling import RUNGS, Rung
from workers.engines.deepseek.fallback.sampling_fallback import Ladder
from workers.engines.deepseek.generation_request import Question
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.pixels import Picture, Views, make_page, make_views

OPTIONS = PageOptions(engine="vllm", model="DeepSeek-OCR")
LOOP = Answered(tuple(range(9)) * 80, "repetition", 900)
LONG = Answered(tuple(range(5000)), "length", 900)
GOOD = Answered((5, 6, 7, 1), "stop", 900)
Reply = Callable[[Question, Rung], Answered]


def page(
    size: tuple[int, int] = (1200, 1700), colour: bool = False, *, finished: bool = False
) -> Question:
    """``finished``: its views have been made already, as those of huge pages are."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for top in (100, 700, 1200):
        draw.rectangle((100, top, size[0] - 100, top + 300), fill="red" if colour else "black")
    make = make_views if finished else make_page
    return Question("<image>", OPTIONS, make(image, mode_for(OPTIONS)), "ocr")


def climb(reply: Reply, question: Question | None = None) -> Reading:
    async def ask(question: Question, rung: Rung) -> Answered:
        return reply(question, rung)

    def parse(question: Question, answered: Answered) -> Answer:
        return Answer(f"{shape_of(question.page).tiles} tiles")

    return asyncio.run(Ladder(ask, parse, halves).climb(question or page()))


def test_a_good_answer_is_asked_for_once() -> None:
    climbed = climb(lambda question, rung: GOOD)
    assert (climbed.finish_reason, climbed.output_tokens) == ("stop", 4)


def test_a_loop_is_asked_again_in_other_ways_and_the_entry_says_so() -> None:
    tried: list[str] = []

    def reply(question: Question, rung: Rung) -> Answered:
        tried.append(rung.name)
        return GOOD if rung.temperature else LOOP

    climbed = climb(reply)
    assert tried == [rung.name for rung in RUNGS]
    assert climbed.finish_reason == "stop after temperature"
    assert climbed.output_tokens == 2 * len(LOOP.token_ids) + 4


def test_a_page_that_loops_as_a_whole_is_read_in_halves() -> None:
    whole = page()
    climbed = climb(lambda question, rung: LOOP if question is whole else GOOD, whole)
    assert climbed.finish_reason == "stop after halves"
    assert climbed.markdown.count("tiles") == 2


def test_a_page_with_too_much_text_goes_to_halves_at_once() -> None:
    whole = page()
    asked: list[Question] = []

    def reply(question: Question, rung: Rung) -> Answered:
        asked.append(question)
        return LONG if question is whole else GOOD

    assert climb(reply, whole).finish_reason == "stop after halves"
    assert len(asked) == 3


def test_what_loops_in_every_way_fails_as_a_repetition_and_is_bounded() -> None:
    asked: list[Rung] = []

    def reply(question: Question, rung: Rung) -> Answered:
        asked.append(rung)
        return LOOP

    with pytest.raises(Repetition):
        climb(reply)
    assert len(asked) == 5


def test_what_is_too_long_even_in_halves_fails_as_truncated() -> None:
    with pytest.raises(Truncated):
        climb(lambda question, rung: LONG)


def test_a_loop_that_ran_into_the_length_limit_is_a_repetition() -> None:
    with pytest.raises(Repetition):
        climb(lambda question, rung: Answered(LOOP.token_ids, "length", 900))


@pytest.mark.parametrize("period", [1, 2, 7, 61, 300])
def test_the_end_of_a_loop_is_known_by_its_period(period: int) -> None:
    beginning = tuple(range(1000, 1400))
    run = tuple(range(period))
    assert ends_in_loop(beginning + run * (1200 // period + 4))
    assert not ends_in_loop(beginning + run)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("colour", [False, True])
def test_the_halves_are_the_page_cut_between_its_blocks(colour: bool, finished: bool) -> None:
    question = page(colour=colour, finished=finished)
    assert isinstance(question.page, Views if finished else Picture)
    upper, lower = halves(question)
    assert upper.top == 0 and lower.bottom == 1 and upper.bottom == lower.top
    assert any(low < upper.bottom * 1700 < high for low, high in ((400, 700), (1000, 1200)))
    for half in (upper, lower):
        assert isinstance(half.question.page, Picture)
        assert half.question.page.pixels.shape[2] == (3 if colour else 1)
        assert half.question.page.pixels.std() > 50  # there is something on it


@pytest.mark.parametrize("reply", [LOOP, LONG], ids=["loops", "does not end"])
def test_a_page_of_a_single_row_has_no_halves_and_fails_in_words(reply: Answered) -> None:
    with pytest.raises((Repetition, Truncated)):
        climb(lambda question, rung: reply, page((1920, 1)))


def test_a_page_of_two_rows_has_two_halves() -> None:
    assert [half.top for half in halves(page((1920, 2)))] == [0, 0.5]


def test_a_small_page_without_tiles_has_halves_too() -> None:
    image = Image.fromarray(np.random.default_rng(3).integers(0, 255, (300, 500, 3), np.uint8))
    views = make_views(image, mode_for(OPTIONS))
    upper, lower = halves(Question("<image>", OPTIONS, views, "ocr"))
    assert 1 / 3 <= upper.bottom <= 2 / 3 and lower.top == upper.bottom


def test_joined_halves_are_one_page_with_figures_numbered_through() -> None:
    question = page()
    image = Block(type="image", bbox=(0, 500, 999, 999))
    text = Block(type="text", bbox=(10, 0, 20, 999), text="x")
    upper, lower = Half(question, 0.0, 0.4), Half(question, 0.4, 1.0)
    one = joined(
        [
            (upper, Answer("a\n\n![](figure:1)", (image,), ("n",))),
            (lower, Answer("![](figure:1)\n\n![](figure:2)", (text, image, image))),
        ]
    )
    assert one.markdown == "a\n\n![](figure:1)\n\n![](figure:2)\n\n![](figure:3)"
    assert [block.bbox[1::2] for block in one.blocks[:2]] == [(200, 400), (400, 999)]
    assert one.notes == ("n",)
