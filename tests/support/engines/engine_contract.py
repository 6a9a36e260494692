"""The tests that every engine must pass; each engine's test class inherits them.

The class sets the engine's settings, and how the reading of one page differs from another's.
"""

import re
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, ClassVar

import pytest

from shared.config.settings import Settings, build_settings
from shared.document.syntax import FIGURE_LINK
from shared.domain.catalogue import engine_facts
from shared.domain.errors import (
    DocumentError,
    EngineUnavailable,
    PageError,
    PagefleetError,
    TransientError,
)
from shared.domain.tasks import Task
from tests.support.engines.engine_bench import Bench, on_a_loop, running
from tests.support.engines.engine_pages import SHAPES, distinct_pages, hostile_page, picture
from workers.engines.contract import Engine, Reading
from workers.engines.registry import make_engine

ODD_SIZES = ((1, 1), (1, 3000), (2000, 12))
TASK_OPTIONS: dict[Task, dict[str, str]] = {
    Task.CUSTOM: {"prompt": "What stands here?"},
    Task.LOCATE: {"query": "the title"},
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class EngineContract:
    """Inherited by a class for each engine."""

    name: ClassVar[str]
    #: Settings of the engine under test.
    values: ClassVar[dict[str, Any]] = {}
    #: Page options for all pages.
    page_options: ClassVar[dict[str, Any]] = {}
    #: Pages that are read together.
    together: ClassVar[int] = len(SHAPES)

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls, tmp_path_factory: pytest.TempPathFactory) -> Settings:
        """Settings with a private home."""
        home = tmp_path_factory.mktemp("engine")
        return build_settings({"home": home, "engine": cls.name, **cls.values})

    @pytest.fixture(scope="class")
    @classmethod
    def bench(cls, settings: Settings) -> Iterator[Bench]:
        """The engine, running for all tests of the class."""
        with running(make_engine(cls.name, settings), settings) as bench:
            yield bench

    @pytest.fixture(scope="class")
    @classmethod
    def pages(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A document of pages that differ."""
        return distinct_pages(tmp_path_factory.mktemp("pages") / "pages.pdf")

    def identity_of(self, reading: Reading) -> object:
        """The part of a reading that differs between pages."""
        return reading.markdown

    def test_it_reports_its_name_version_capacity_and_tasks(self, bench: Bench) -> None:
        info = bench.engine.info

        assert info.name == self.name
        assert info.model
        assert info.version
        assert bench.engine.capacity >= 1
        assert bench.engine.tasks == engine_facts(self.name).tasks

    def test_pages_read_concurrently_get_their_own_text(self, bench: Bench, pages: Path) -> None:
        numbers = list(range(1, self.together + 1))
        alone = {n: self.identity_of(bench.read(pages, n, **self.page_options)) for n in numbers}
        assert len(set(alone.values())) == len(numbers), "the pages have the same text"
        for order in {tuple(numbers[::-1]), tuple(numbers[1::2] + numbers[::2])}:
            together = bench.read_together(pages, order, **self.page_options)
            results = {page: self.identity_of(reading) for page, reading in together.items()}

            assert results == alone

    def test_every_task_gives_a_valid_reading(self, bench: Bench, pages: Path) -> None:
        for task in sorted(bench.engine.tasks):
            task_options = {**self.page_options, "task": task, **TASK_OPTIONS.get(task, {})}
            reading = bench.read(pages, 1, **task_options)

            check_valid(reading)
            if task is Task.LAYOUT:
                assert reading.markdown == ""
                assert all(not block.text for block in reading.blocks)

    def test_a_cancelled_page_makes_room_for_another(self, bench: Bench, pages: Path) -> None:
        alone = self.identity_of(bench.read(pages, 1, **self.page_options))
        for _ in range(bench.engine.capacity // 8 + 2):
            with bench.view(pages, 2, **self.page_options) as view:
                future = bench.begin(view)
                future.cancel()
                with pytest.raises(CancelledError):
                    future.result(60)

        assert self.identity_of(bench.read(pages, 1, **self.page_options)) == alone

    def test_a_white_page_is_read(self, bench: Bench, tmp_path: Path) -> None:
        white = picture(tmp_path / "white.png", 500, 500, ink=False)
        options = bench.options(**self.page_options)
        if bench.engine.plan(options).prepare is None:
            check_valid(bench.read(white, **self.page_options))

    @pytest.mark.parametrize(("width", "height"), ODD_SIZES)
    def test_an_image_of_odd_size_is_read_or_fails_as_a_page(
        self, bench: Bench, tmp_path: Path, width: int, height: int
    ) -> None:
        image = picture(tmp_path / "odd.png", width, height)
        try:
            check_valid(bench.read(image, **self.page_options))
        except DocumentError as error:
            assert error.message

    def test_text_that_looks_like_tags_gives_a_valid_reading(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        reading = bench.read(hostile_page(tmp_path / "hostile.pdf"), **self.page_options)

        check_valid(reading)

    def test_a_page_whose_pixels_are_missing_fails_with_a_message(
        self, bench: Bench, pages: Path
    ) -> None:
        with bench.view(pages, 1, **self.page_options) as view:
            bench.renderer.discard(view)
            try:
                check_valid(bench.begin(view).result(60))
            except (PageError, TransientError) as error:
                assert error.message

    def test_a_stream_yields_text_in_pieces(self, bench: Bench, pages: Path) -> None:
        pieces = bench.stream(pages, 1, **self.page_options)

        assert all(isinstance(piece, str) for piece in pieces)
        assert "".join(pieces).strip()

    def test_it_can_be_stopped_twice_and_before_it_started(self, settings: Settings) -> None:
        on_a_loop(make_engine(self.name, settings), "stop", "stop")

    def test_an_engine_that_is_not_running_raises_a_transient_error(
        self, bench: Bench, settings: Settings, pages: Path
    ) -> None:
        with bench.view(pages, 1, **self.page_options) as view:
            never_started = make_engine(self.name, settings)
            try:
                check_valid(bench.host.submit(never_started.read(view)).result(60))
            except PagefleetError as error:
                assert isinstance(error, TransientError), error


def check_failed_start(engine: Engine) -> str:
    """Check that the engine refuses to start and can be stopped; returns its message."""
    with pytest.raises(EngineUnavailable) as refused:
        on_a_loop(engine, "start")
    on_a_loop(engine, "stop", "stop")
    return refused.value.message


def check_valid(reading: Reading) -> None:
    """Fail for a reading that violates the contract."""
    figures = sum(block.type == "image" for block in reading.blocks)
    for link in FIGURE_LINK.finditer(reading.markdown):
        assert 1 <= int(link["number"]) <= figures, reading.markdown
    assert not _CONTROL.search(reading.markdown), reading.markdown
    for block in reading.blocks:
        left, top, right, bottom = block.bbox
        assert left <= right, block
        assert top <= bottom, block
        assert not _CONTROL.search(block.text), block
    assert reading.rotation in (0, 90, 180, 270)
    counts = (reading.prompt_tokens, reading.output_tokens, reading.parse_ms)
    assert all(number >= 0 for number in counts)
