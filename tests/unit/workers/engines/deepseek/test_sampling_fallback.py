"""Retries of pages whose answers loop or do not end, and the reasons that are reported."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shared.domain.errors import Repetition, Truncated
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import Block
from tests.support.engines.generation_requests import request_about
from workers.engines.contract import Reading
from workers.engines.deepseek.completion import Completion, ends_in_loop
from workers.engines.deepseek.fallback.page_halves import Half, halves, joined
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS, SamplingSettings
from workers.engines.deepseek.fallback.sampling_fallback import SamplingFallback
from workers.engines.deepseek.generation_request import GenerationRequest
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.parsed_answer import ParsedAnswer
from workers.engines.deepseek.pixels import Picture, Views, make_page, make_views

OPTIONS = PageOptions(engine="vllm", model="DeepSeek-OCR")
LOOP = Completion(tuple(range(9)) * 80, "repetition", 900)
LONG = Completion(tuple(range(5000)), "length", 900)
GOOD = Completion((5, 6, 7, 1), "stop", 900)
Reply = Callable[[GenerationRequest, SamplingSettings], Completion]


def page(
    size: tuple[int, int] = (1200, 1700), colour: bool = False, *, finished: bool = False
) -> GenerationRequest:
    """``finished``: with finished views, like a page that is too large for the engine."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for top in (100, 700, 1200):
        draw.rectangle((100, top, size[0] - 100, top + 300), fill="red" if colour else "black")
    make = make_views if finished else make_page
    return request_about(make(image, mode_for(OPTIONS)), OPTIONS)


def read(reply: Reply, request: GenerationRequest | None = None) -> Reading:
    async def ask(request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        return reply(request, sampling)

    def parse(request: GenerationRequest, completion: Completion) -> ParsedAnswer:
        return ParsedAnswer(f"{shape_of(request.page).tiles} tiles")

    return asyncio.run(SamplingFallback(ask, parse, halves).run(request or page()))


def test_a_good_answer_is_generated_once() -> None:
    reading = read(lambda request, sampling: GOOD)
    assert (reading.finish_reason, reading.output_tokens) == ("stop", 4)


def test_a_loop_is_retried_with_each_sampling_step_and_the_finish_reason_names_the_last() -> None:
    names: list[str] = []

    def reply(request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        names.append(sampling.name)
        return GOOD if sampling.temperature else LOOP

    reading = read(reply)
    assert names == [sampling.name for sampling in SAMPLING_STEPS]
    assert reading.finish_reason == "stop after temperature"
    assert reading.output_tokens == 2 * len(LOOP.token_ids) + 4


def test_a_page_that_loops_with_all_settings_is_read_in_halves() -> None:
    whole = page()
    reading = read(lambda request, sampling: LOOP if request is whole else GOOD, whole)
    assert reading.finish_reason == "stop after halves"
    assert reading.markdown.count("tiles") == 2


def test_a_page_with_too_much_text_is_read_in_halves_at_once() -> None:
    whole = page()
    requests: list[GenerationRequest] = []

    def reply(request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        requests.append(request)
        return LONG if request is whole else GOOD

    assert read(reply, whole).finish_reason == "stop after halves"
    assert len(requests) == 3


def test_a_page_that_always_loops_fails_as_repetition_after_five_generations() -> None:
    used: list[SamplingSettings] = []

    def reply(request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        used.append(sampling)
        return LOOP

    with pytest.raises(Repetition):
        read(reply)
    assert len(used) == 5


def test_a_page_that_is_too_long_even_in_halves_fails_as_truncated() -> None:
    with pytest.raises(Truncated):
        read(lambda request, sampling: LONG)


def test_a_loop_that_reaches_the_length_limit_is_a_repetition() -> None:
    with pytest.raises(Repetition):
        read(lambda request, sampling: Completion(LOOP.token_ids, "length", 900))


@pytest.mark.parametrize("period", [1, 2, 7, 61, 300])
def test_a_loop_at_the_end_is_detected_for_every_period(period: int) -> None:
    beginning = tuple(range(1000, 1400))
    run = tuple(range(period))
    assert ends_in_loop(beginning + run * (1200 // period + 4))
    assert not ends_in_loop(beginning + run)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("colour", [False, True])
def test_the_halves_are_the_page_cut_between_its_blocks(colour: bool, finished: bool) -> None:
    request = page(colour=colour, finished=finished)
    assert isinstance(request.page, Views if finished else Picture)
    upper, lower = halves(request)
    assert upper.top == 0
    assert lower.bottom == 1
    assert upper.bottom == lower.top
    assert any(low < upper.bottom * 1700 < high for low, high in ((400, 700), (1000, 1200)))
    for half in (upper, lower):
        assert isinstance(half.request.page, Picture)
        assert half.request.page.pixels.shape[2] == (3 if colour else 1)
        assert half.request.page.pixels.std() > 50  # not an empty page


@pytest.mark.parametrize("reply", [LOOP, LONG], ids=["loops", "does not end"])
def test_a_page_of_a_single_row_has_no_halves_and_fails_with_a_message(reply: Completion) -> None:
    with pytest.raises((Repetition, Truncated)):
        read(lambda request, sampling: reply, page((1920, 1)))


def test_a_page_of_two_rows_has_two_halves() -> None:
    assert [half.top for half in halves(page((1920, 2)))] == [0, 0.5]


def test_a_small_page_without_tiles_has_halves_too() -> None:
    image = Image.fromarray(np.random.default_rng(3).integers(0, 255, (300, 500, 3), np.uint8))
    views = make_views(image, mode_for(OPTIONS))
    upper, lower = halves(request_about(views, OPTIONS))
    assert 1 / 3 <= upper.bottom <= 2 / 3
    assert lower.top == upper.bottom


def test_joined_halves_have_figures_numbered_across_both() -> None:
    request = page()
    image = Block(type="image", bbox=(0, 500, 999, 999))
    text = Block(type="text", bbox=(10, 0, 20, 999), text="x")
    upper, lower = Half(request, 0.0, 0.4), Half(request, 0.4, 1.0)
    page_answer = joined(
        [
            (upper, ParsedAnswer("a\n\n![](figure:1)", (image,), ("n",))),
            (lower, ParsedAnswer("![](figure:1)\n\n![](figure:2)", (text, image, image))),
        ]
    )
    assert page_answer.markdown == "a\n\n![](figure:1)\n\n![](figure:2)\n\n![](figure:3)"
    assert [block.bbox[1::2] for block in page_answer.blocks[:2]] == [(200, 400), (400, 999)]
    assert page_answer.notes == ("n",)
