"""The fake engine: the contract of all engines, and its own output and faults."""

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


def test_its_line_contains_the_source_and_the_page(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    values = settings()
    with running(make_engine("fake", values), values) as bench:
        reading = bench.read(distinct_pages(tmp_path / "p.pdf"), 3)

    assert reading.markdown == f"fake:{SHA[:12]}:3"


def test_it_fails_the_configured_pages(settings: SettingsFactory, tmp_path: Path) -> None:
    values = settings(fake_fail_pages="2")
    with running(make_engine("fake", values), values) as bench:
        pages = distinct_pages(tmp_path / "p.pdf")
        with pytest.raises(EngineFailed, match="page 2"):
            bench.read(pages, 2)
        assert bench.read(pages, 1).markdown


def test_pages_in_flight_share_their_latency(settings: SettingsFactory, tmp_path: Path) -> None:
    values = settings(fake_latency_ms=400)
    with running(make_engine("fake", values), values) as bench:
        pages = distinct_pages(tmp_path / "p.pdf")
        with bench.view(pages) as view:
            started = time.monotonic()
            futures = [bench.begin(view) for _ in range(5)]
            for future in futures:
                future.result(10)

    assert 0.4 <= time.monotonic() - started < 1.6
