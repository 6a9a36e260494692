"""The CPU engine fulfils the contract of all engines."""

from pathlib import Path
from typing import ClassVar

from tests.support.engines.engine_bench import Bench
from tests.support.engines.engine_contract import EngineContract


class TestCpu(EngineContract):
    """The contract, with pages read from their text layers and from their pixels."""

    name = "cpu"
    values: ClassVar = {"num_workers": 1}
    page_options: ClassVar = {"text_layer": "auto"}
    #: One process reads one page after another, and a page takes a second or more.
    together = 2

    def test_pixels_of_the_requested_page_are_read(self, bench: Bench, pages: Path) -> None:
        assert "says second" in bench.read(pages, 2, text_layer="never").markdown
