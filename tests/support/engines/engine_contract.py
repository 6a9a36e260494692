"""What every engine promises, written once; each engine's test file inherits it.

An engine's class says how the engine is made and how a page is known from its reading.
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
QUESTIONS: dict[Task, dict[str, str]] = {
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

    def known_by(self, reading: Reading) -> object:
        """What tells the page of a reading from all others."""
        return reading.markdown

    def test_it_says_who_it_is_and_what_it_can_do(self, bench: Bench) -> None:
        info = bench.engine.info

        assert info.name == self.name
        assert info.model and info.version
        assert bench.engine.capacity >= 1
        assert bench.engine.tasks == engine_facts(self.name).tasks

    def test_pages_read_together_keep_their_own_text(self, bench: Bench, pages: Path) -> None:
        numbers = list(range(1, self.together + 1))
        alone = {n: self.known_by(bench.read(pages, n, **self.page_options)) for n in numbers}
        assert len(set(alone.values())) == len(numbers), "the pages can't be told apart"
        for order in (numbers[::-1], numbers[1::2] + numbers[::2]):
            together = bench.read_together(pages, order, **self.page_options)
            found = {page: self.known_by(reading) for page, reading in together.items()}

            assert found == alone

    def test_every_task_gives_a_sound_reading(self, bench: Bench, pages: Path) -> None:
        for task in sorted(bench.engine.tasks):
            asked = {**self.page_options, "task": task, **QUESTIONS.get(task, {})}
            reading = bench.read(pages, 1, **asked)

            check_sound(reading)
            if task is Task.LAYOUT:
                assert reading.markdown == ""
                assert all(not block.text for block in reading.blocks)

    def test_a_page_let_go_makes_room_for_another(self, bench: Bench, pages: Path) -> None:
        alone = self.known_by(bench.read(pages, 1, **self.page_options))
        for _ in range(bench.engine.capacity // 8 + 2):
            with bench.view(pages, 2, **self.page_options) as view:
                future = bench.begin(view)
                future.cancel()
                with pytest.raises(CancelledError):
                    future.result(60)

        assert self.known_by(bench.read(pages, 1, **self.page_options)) == alone

    def test_a_white_page_is_no_trouble(self, bench: Bench, tmp_path: Path) -> None:
        white = picture(tmp_path / "white.png", 500, 500, ink=False)
        options = bench.options(**self.page_options)
        if bench.engine.plan(options).prepare is None:
            check_sound(bench.read(white, **self.page_options))

    @pytest.mark.parametrize(("width", "height"), ODD_SIZES)
    def test_an_image_of_odd_size_is_read_or_refused_as_a_page(
        self, bench: Bench, tmp_path: Path, width: int, height: int
    ) -> None:
        image = picture(tmp_path / "odd.png", width, height)
        try:
            check_sound(bench.read(image, **self.page_options))
        except DocumentError as error:
            assert error.message

    def test_text_that_looks_like_marks_makes_none(self, bench: Bench, tmp_path: Path) -> None:
        reading = bench.read(hostile_page(tmp_path / "hostile.pdf"), **self.page_options)

        check_sound(reading)

    def test_a_page_whose_pixels_are_gone_fails_as_a_page(self, bench: Bench, pages: Path) -> None:
        with bench.view(pages, 1, **self.page_options) as view:
            bench.renderer.discard(view)
            try:
                check_sound(bench.begin(view).result(60))
            except (PageError, TransientError) as error:
                assert error.message

    def test_a_stream_is_text_in_pieces(self, bench: Bench, pages: Path) -> None:
        pieces = bench.stream(pages, 1, **self.page_options)

        assert all(isinstance(piece, str) for piece in pieces)
        assert "".join(pieces).strip()

    def test_it_stops_twice_and_before_it_started(self, settings: Settings) -> None:
        on_a_loop(make_engine(self.name, settings), "stop", "stop")

    def test_a_stopped_engine_is_unwell_and_blames_no_page(
        self, bench: Bench, settings: Settings, pages: Path
    ) -> None:
        with bench.view(pages, 1, **self.page_options) as view:
            never_started = make_engine(self.name, settings)
            try:
                check_sound(bench.host.submit(never_started.read(view)).result(60))
            except PagefleetError as error:
                assert isinstance(error, TransientError), error


def check_failed_start(engine: Engine) -> str:
    """The engine says in one line why it can't start, and still stops; that line."""
    with pytest.raises(EngineUnavailable) as refused:
        on_a_loop(engine, "start")
    on_a_loop(engine, "stop", "stop")
    return refused.value.message


def check_sound(reading: Reading) -> None:
    """Fails for a reading that the rest of the fleet could not trust."""
    figures = sum(block.type == "image" for block in reading.blocks)
    for link in FIGURE_LINK.finditer(reading.markdown):
        assert 1 <= int(link["number"]) <= figures, reading.markdown
    assert not _CONTROL.search(reading.markdown), reading.markdown
    for block in reading.blocks:
        left, top, right, bottom = block.bbox
        assert left <= right and top <= bottom, block
        assert not _CONTROL.search(block.text), block
    assert reading.rotation in (0, 90, 180, 270)
    counts = (reading.prompt_tokens, reading.output_tokens, reading.parse_ms)
    assert all(number >= 0 for number in counts)
