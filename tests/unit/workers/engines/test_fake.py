"""The fake engine keeps the contract of all engines, and its own."""

import time
from pathlib import Path
from typing import ClassVar

import pytest

from shared.domain.errors import EngineFailed
from tests.conftest import SettingsFactory
from tests.support.engines.engine_bench import SHA, running
from tests.support.engines.engine_contract import EngineContract
from tests.support.engines.engine_pages import distinct_pages
from workers.engines.registry import make_engine


class TestFake(EngineContract):
    """The contract."""

    name = "fake"
    values: ClassVar = {"fake_latency_ms": 30}


def test_its_line_names_the_source_and_the_page(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = settings()
    with running(make_engine("fake", chosen), chosen) as bench:
        reading = bench.read(distinct_pages(tmp_path / "p.pdf"), 3)

    assert reading.markdown == f"fake:{SHA[:12]}:3"


def test_it_fails_the_pages_it_was_told_to(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = settings(fake_fail_pages="2")
    with running(make_engine("fake", chosen), chosen) as bench:
        pages = distinct_pages(tmp_path / "p.pdf")
        with pytest.raises(EngineFailed, match="page 2"):
            bench.read(pages, 2)
        assert bench.read(pages, 1).markdown


def test_pages_wait_out_their_latency_together(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = settings(fake_latency_ms=400)
    with running(make_engine("fake", chosen), chosen) as bench:
        pages = distinct_pages(tmp_path / "p.pdf")
        with bench.view(pages) as view:
            started = time.monotonic()
            futures = [bench.begin(view) for _ in range(5)]
            for future in futures:
                future.result(10)

    assert 0.4 <= time.monotonic() - started < 1.6
