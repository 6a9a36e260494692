"""The benchmark of scale: its cases, its corpora, and how it shows what it measured."""

import argparse
import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.scale.__main__ import cases
from benchmarks.scale.corpus import write_corpus
from benchmarks.scale.plot import AXES, draw, lines_of
from benchmarks.scale.report import peer_table, summary, table
from benchmarks.scale.values import Case, Cost, PeerCost


def cost(case: Case, ms: float, code: str = "this") -> Cost:
    return Cost(
        code=code,
        case=case,
        pages_per_s=100.0,
        cpu_ms={"pages": ms, "broker": 9.0},
        redis_commands=20.0,
        redis_bytes=3000.0,
        s3_requests=2.5 if case.store == "s3" else None,
        memory_mib={"pages": 70},
        commands={"zadd": 2.0},
    )


def test_a_run_has_corpus_sizes_document_sizes_and_workers_without_repetition() -> None:
    arguments = argparse.Namespace(
        stores=["file"], pages=[500, 1000], document_pages=100, document_sizes=[1, 100],
        workers=[1, 2], side_pages=1000,
    )  # fmt: skip

    assert cases(arguments) == [
        Case("file", 500, 100, 1),
        Case("file", 1000, 100, 1),
        Case("file", 1000, 1, 1),
        Case("file", 1000, 100, 2),
    ]


def test_the_documents_of_a_corpus_differ_and_are_all_submitted(tmp_path: Path) -> None:
    manifest = write_corpus(tmp_path / "corpus", Case("file", 6, 2, 1), "salt")

    paths = [Path(json.loads(line)["uri"]) for line in manifest.read_text().splitlines()]
    assert len({hashlib.sha256(path.read_bytes()).digest() for path in paths}) == 3


def test_the_cost_is_that_of_pagefleet_without_broker_and_store() -> None:
    assert cost(Case("file", 10, 10, 1), 3.0).ms == 3.0


def test_a_line_of_the_plot_has_the_corpora_that_differ_in_one_quantity_only() -> None:
    costs = [
        cost(Case("file", 500, 100, 1), 3.0),
        cost(Case("file", 8000, 100, 1), 3.2),
        cost(Case("file", 8000, 100, 1), 3.1),
        cost(Case("file", 1000, 1, 1), 9.0),
        cost(Case("file", 1000, 100, 1), 3.3),
    ]

    corpus, document, _ = AXES
    assert lines_of(corpus, costs) == [("this, file", [(500, 3.0), (1000, 3.3), (8000, 3.1)])]
    assert lines_of(document, costs) == [("this, file", [(1, 9.0), (100, 3.3)])]


def test_the_plot_is_an_image_with_a_panel_for_each_quantity() -> None:
    image = draw([cost(Case("file", 500, 100, 1), 3.0), cost(Case("file", 900, 100, 1), 3.2)])

    texts = [element.text for element in ElementTree.fromstring(image).iter() if element.text]
    assert {axis.title for axis in AXES} <= set(texts)


def test_the_tables_name_every_figure() -> None:
    measured = cost(Case("s3", 500, 100, 1), 3.0)
    bare = PeerCost("bare Celery", 400.0, 1.1, 0.2, 11.0)

    assert table([measured]).splitlines()[2].split(" | ")[5:7] == ["100", "3.00"]
    assert "| 20.0 | 3000 | 2.50 | 70 |" in table([measured])
    assert "| bare Celery | 400 | 1.10 | 0.20 | 11.0 |" in peer_table([bare])
    assert next(iter(summary([measured], [bare]))).endswith("0.25 of bare Celery")
