"""The transformers engine with both models: the contract of all engines, and its own tests."""

from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.config.settings import Settings, build_settings
from shared.domain.errors import EngineFailed, EngineUnavailable
from tests.conftest import SettingsFactory
from tests.integration.workers.engines.transformers_engine.weights import write_ocr2, write_v1
from tests.support.engines.engine_bench import Bench, running
from tests.support.engines.engine_contract import EngineContract, check_failed_start
from tests.support.engines.engine_pages import distinct_pages
from tests.support.fleets import fleet
from workers.engines.contract import Reading
from workers.engines.deepseek.completion import Completion
from workers.engines.registry import make_engine
from workers.engines.transformers import generation

TOKENS = 6


class _Model(EngineContract):
    """Settings and tests of both models."""

    name = "transformers"
    together = 3
    folder: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
        folder = tmp_path_factory.mktemp(cls.folder)
        cls.write(folder)
        values: dict[str, Any] = {"batch_size": 3, "bench_output_tokens": TOKENS}
        home = tmp_path_factory.mktemp("home")
        return build_settings({"home": home, "model": str(folder), **values})

    @classmethod
    def write(cls, folder: Path) -> None:
        """Write the checkpoint."""
        raise NotImplementedError

    def identity_of(self, reading: Reading) -> object:
        return reading.prompt_tokens, reading.markdown

    def test_every_page_gets_its_tokens(self, bench: Bench, pages: Path) -> None:
        readings = bench.read_together(pages, [1, 2, 3])

        assert [reading.output_tokens for reading in readings.values()] == [TOKENS] * 3


class TestDeepSeekOcr(_Model):
    """Weights with the published names, in the class of Unlimited-OCR."""

    folder = "DeepSeek-OCR"

    @classmethod
    def write(cls, folder: Path) -> None:
        write_v1(folder)

    def test_other_resolutions_are_read(self, bench: Bench, pages: Path) -> None:
        counts = {
            mode: bench.read(pages, 1, resolution=mode).prompt_tokens
            for mode in ("tiny", "small", "base")
        }

        assert counts == {"tiny": 73 + 10, "small": 111 + 10, "base": 273 + 10}


class TestDeepSeekOcr2(_Model):
    """A checkpoint in transformers' own format."""

    folder = "DeepSeek-OCR-2"

    @classmethod
    def write(cls, folder: Path) -> None:
        write_ocr2(folder)

    def test_a_resolution_that_it_lacks_is_refused(self, bench: Bench, pages: Path) -> None:
        with pytest.raises(EngineFailed, match="DeepSeek-OCR-2"):
            bench.read(pages, 1, resolution="tiny")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DeepSeek-OCR checkpoint."""
    folder = tmp_path_factory.mktemp("model")
    write_v1(folder)
    return folder


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Completion]:
    """All completions of the model, also of cancelled pages."""
    completions: list[Completion] = []
    generate = generation.generate

    def recording(*args: Any) -> list[Completion]:
        batch = generate(*args)
        completions.extend(batch)
        return batch

    monkeypatch.setattr(generation, "generate", recording)
    return completions


@pytest.fixture
def endless(settings: SettingsFactory, model: Path, answers: list[Completion]) -> Iterator[Bench]:
    """An engine whose random answers end only at the context limit."""
    chosen = settings(model=str(model), batch_size=2, max_model_len=8192)
    with running(make_engine("transformers", chosen), chosen) as bench:
        yield bench


def test_cancelling_a_page_stops_its_generation(
    endless: Bench, tmp_path: Path, answers: list[Completion]
) -> None:
    pages = distinct_pages(tmp_path / "pages.pdf")
    with endless.view(pages, 3) as view:
        future = endless.begin(view)
        fleet.wait_until(lambda: endless.engine._batches._running, 60)  # type: ignore[attr-defined]
        future.cancel()
        with pytest.raises(CancelledError):
            future.result(10)
        fleet.wait_until(lambda: answers, 200)

    assert [completion.finish_reason for completion in answers] == ["abort"]


def test_a_folder_without_weights_is_refused_at_the_start(
    settings: SettingsFactory, model: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    message = check_failed_start(make_engine("transformers", settings(model=str(tmp_path))))

    assert str(tmp_path) in message


def test_another_architecture_is_refused_at_once(settings: SettingsFactory, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(EngineUnavailable, match="LlamaForCausalLM"):
        make_engine("transformers", settings(model=str(tmp_path)))


def test_a_fleet_converts_a_document(
    settings: SettingsFactory, model: Path, tmp_path: Path
) -> None:
    chosen = settings(model=str(model), engine="transformers", bench_output_tokens=4)
    document = distinct_pages(tmp_path / "pages.pdf")
    words = ("run", str(document), "-o", str(tmp_path / "out"), "--json", "--pages", "1-3")
    ended = fleet.pagefleet(chosen, *words, timeout_s=280)

    assert ended.status == 0, ended.err
    assert ended.lines[0]["counts"] == {"ok": 3, "blank": 0, "failed": 0}


def test_closing_a_stream_stops_its_generation(
    endless: Bench, tmp_path: Path, answers: list[Completion]
) -> None:
    with endless.view(distinct_pages(tmp_path / "pages.pdf"), 3) as view:
        first = endless.host.submit(_first_piece(endless, view)).result(120)

    assert first is not None
    fleet.wait_until(lambda: answers, 120)
    assert [completion.finish_reason for completion in answers] == ["abort"]


async def _first_piece(bench: Bench, view: Any) -> str | None:
    pieces = bench.engine.stream(view)
    async for piece in pieces:
        await pieces.aclose()  # type: ignore[attr-defined]
        return piece
    return None
