"""Pages of results and truth are found by their numbers; bad files are refused with a reason."""

import json
import time
from pathlib import Path

import pytest

from producer.evaluation.omnidocbench import benchmark_pairs
from producer.evaluation.pages import page_pairs, read_pages
from producer.evaluation.values import Block
from shared.domain.errors import CorruptDocument


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    results, truth = tmp_path / "results", tmp_path / "truth"
    results.mkdir()
    truth.mkdir()
    return results, truth


def found(results: Path, truth: Path) -> list[tuple[int | None, str | None, object]]:
    pairs = page_pairs("a", results, truth)
    return [(p.page, p.result and p.result.strip(), str(p.truth).strip()) for p in pairs]


def test_pages_are_paired_by_their_anchors(folders: tuple[Path, Path]) -> None:
    results, truth = folders
    (results / "a.md").write_text("<!-- page 2 -->\ntwo\n<!-- page 3 -->\nthree\n")
    (truth / "a.md").write_text("<!-- page 1 -->\neins\n<!-- page 2 -->\nzwei\n")

    assert found(results, truth) == [(1, None, "eins"), (2, "two", "zwei")]


def test_pages_are_paired_by_the_spans_of_the_record(folders: tuple[Path, Path]) -> None:
    results, truth = folders
    (results / "a.md").write_text("öne\n\n---\n\ntwo")
    spans = [{"page": 1, "markdown_span": [0, 3]}, {"page": 2, "markdown_span": [10, 13]}]
    (results / "a.json").write_text(json.dumps({"schema": 9, "pages": spans}))
    (truth / "a.md").write_text("<!-- page 1 -->\n1\n<!-- page 2 -->\n2\n")

    assert found(results, truth) == [(1, "öne", "1"), (2, "two", "2")]


def test_without_page_numbers_on_one_side_the_document_is_one_unit(
    folders: tuple[Path, Path],
) -> None:
    results, truth = folders
    (results / "a.md").write_text("<!-- page 1 -->\none\n<!-- page 2 -->\ntwo\n")
    (truth / "a.md").write_text("all")

    ((page, result, expected),) = found(results, truth)

    assert (page, (result or "").split(), expected) == (None, ["one", "two"], "all")


def test_a_page_number_that_is_repeated_without_end_takes_linear_time(
    folders: tuple[Path, Path],
) -> None:
    text = "<!-- page 1 -->some words of a page\n" * 200_000
    (folders[0] / "a.md").write_text(text)
    started = time.thread_time()

    (page,) = read_pages(folders[0], "a").values()

    assert time.thread_time() - started < 5
    assert page == "some words of a page\n" * 200_000


def test_pages_that_overlap_fill_no_memory(folders: tuple[Path, Path]) -> None:
    (folders[0] / "a.md").write_text("x" * 1000)
    spans = [{"page": page, "markdown_span": [1, 1000]} for page in range(50)]
    (folders[0] / "a.json").write_text(json.dumps({"pages": spans}))

    with pytest.raises(CorruptDocument, match="overlap"):
        read_pages(folders[0], "a")


@pytest.mark.parametrize(("name", "data"), [("a.md", b"\xff"), ("a.json", b"[" * 100_000)])
def test_unreadable_files_are_refused(folders: tuple[Path, Path], name: str, data: bytes) -> None:
    results, truth = folders
    (truth / "a.md").write_text("<!-- page 1 -->\n1\n")
    (results / "a.md").write_text("a")
    (results / name).write_bytes(data)

    with pytest.raises(CorruptDocument, match=name):
        list(page_pairs("a", results, truth))


def test_omnidocbench_is_read_in_its_order_without_ignored_blocks(tmp_path: Path) -> None:
    detections = [
        {"category_type": "table", "order": 2, "html": "<table></table>"},
        {"category_type": "text_block", "order": 1, "text": "one", "poly": [0, 0]},
        {"category_type": "header", "order": None, "text": "head"},
        {"category_type": "equation_isolated", "order": 3, "latex": "$$x$$"},
        {"category_type": "text_block", "order": 0, "text": "no", "ignore": True},
        {"category_type": "figure", "order": 4},
    ]
    sample = {"layout_dets": detections, "page_info": {"image_path": "../images/p.1.jpg"}}
    (tmp_path / "bench.json").write_text(json.dumps([sample]))
    (tmp_path / "p.1.md").write_text("result")

    (pair,) = benchmark_pairs(tmp_path, tmp_path / "bench.json")

    assert (pair.document, pair.result) == ("p.1", "result")
    assert pair.truth == (
        Block("text", "one"),
        Block("table", "<table></table>"),
        Block("formula", "x"),
        Block("text", "head", scored=False),
    )
