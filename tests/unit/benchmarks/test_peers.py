"""What a page costs a program, computed from the costs of whole commands."""

from pathlib import Path

import pymupdf
import pytest

from benchmarks.peers.__main__ import Cost, page_cost
from benchmarks.peers.kinds import first_page, write_kinds
from benchmarks.peers.programs import Program, programs


def test_a_page_costs_what_further_pages_add_in_the_best_round() -> None:
    rounds = [(Cost(5.0, 4.0), Cost(15.0, 14.0)), (Cost(6.0, 3.0), Cost(13.0, 16.0))]

    cost = page_cost("prose", Program("a", ()), rounds, pages=9)

    assert cost.pages_per_minute == pytest.approx(60)
    assert cost.cpu_s == pytest.approx((14.0 - 3.0) / 8)
    assert cost.start_cpu_s == 3.0


def test_every_kind_has_its_pages_and_a_scan_has_no_text(tmp_path: Path) -> None:
    kinds = write_kinds(tmp_path, 3)

    for kind, path in kinds.items():
        with pymupdf.open(path) as document, pymupdf.open(first_page(path)) as first:
            assert (document.page_count, first.page_count) == (3, 1), kind
            assert bool(document[0].get_text()) is not kind.startswith("scanned"), kind


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(ValueError, match="no such peer: magic"):
        programs({"magic": Path("venv")})
