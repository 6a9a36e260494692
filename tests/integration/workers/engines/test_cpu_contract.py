"""The cpu engine keeps the contract of all engines."""

from pathlib import Path
from typing import ClassVar

from tests.support.engines.engine_bench import Bench
from tests.support.engines.engine_contract import EngineContract


class TestCpu(EngineContract):
    """The contract, over the text layer and over pixels."""

    name = "cpu"
    values: ClassVar = {"num_workers": 1}
    page_options: ClassVar = {"text_layer": "auto"}
    together = 3

    def test_it_reads_the_words_of_its_own_page(self, bench: Bench, pages: Path) -> None:
        assert "says second" in bench.read(pages, 2, text_layer="never").markdown
