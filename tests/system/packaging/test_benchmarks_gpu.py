"""The GPU benchmark runs with the fake engine, so a mistake shows before a GPU is rented."""

import json
import os
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path
from xml.etree import ElementTree

import pymupdf
import pytest

from benchmarks.gpu.chart import draw
from benchmarks.gpu.distribution import write_metadata
from benchmarks.gpu.drafts.acceptance import grounded_answer
from benchmarks.gpu.plan import Plan, read_plan, write_plan
from benchmarks.gpu.report import cost_per_million, table
from benchmarks.gpu.speed import middle
from benchmarks.gpu.varied_pages import write_documents
from benchmarks.gpu.watch import Watch
from shared.domain.records.page_result import Block
from tests.support.paths import ROOT

LATENCY_MS = 40


def run(
    *words: str, path: str = "", module: str = "benchmarks.gpu"
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user does."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PAGEFLEET_")}
    environment["PATH"] = f"{path}:{environment['PATH']}" if path else environment["PATH"]
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.long
def test_one_command_measures_every_part_on_the_same_pages(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    words = "--engine fake --pages 9 --tokens 5 --sizes 4 --price 2 --budget 180"
    ended = run(*words.split(), "--set", f"fake_latency_ms={LATENCY_MS}", "--out", str(out))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    parts = json.loads(out.read_text())["parts"]

    assert {name: part["pages"] for name, part in parts.items()} == {
        "recipe": 9,
        "fleet": 9,
        "ceiling": 9,
    }
    assert parts["fleet"]["statuses"] == {"ok": 9}
    assert parts["fleet"]["sizes"]["4"]["pages"] == 4
    assert parts["fleet"]["stages_ms"]["engine"] >= LATENCY_MS
    came = parts["fleet"]["entered_s"]
    last_possible = parts["fleet"]["seconds"] - LATENCY_MS / 1000
    assert 0 < came["first"] <= came["middle"] <= came["last"] <= last_possible
    # The recipe reads one page at a time, the ceiling many.
    assert parts["recipe"]["pages_per_s"] <= 1000 / LATENCY_MS < parts["ceiling"]["pages_per_s"]
    assert "ceiling, 9 pages" in ended.stdout.split("written to")[1]


@pytest.mark.long  # half a minute of a core, and only who measures on a GPU runs this code
def test_a_failed_part_is_reported_and_the_other_parts_are_measured(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    words = "--engine fake --pages 3 --parts recipe,fleet --set fake_latency_ms=nonsense"
    ended = run(*words.split(), "--out", str(out))

    assert ended.returncode == 1
    assert "fleet: ended with 1" in ended.stdout


@pytest.mark.long
def test_a_part_that_reaches_its_time_limit_reports_what_it_measured(tmp_path: Path) -> None:
    words = "--engine fake --pages 6 --parts fleet --set fake_latency_ms=60000 --limit 6"
    ended = run(*words.split(), "--out", str(tmp_path / "result.json"))
    assert "not complete" in ended.stdout, ended.stdout + ended.stderr


def test_pages_differ_and_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first = texts(write_documents(tmp_path / "a", 6, processes=2))
    again = texts(write_documents(tmp_path / "b", 6, processes=1))

    assert len(first) == len(set(first)) == 6
    assert first == again


def texts(documents: list[Path]) -> list[str]:
    """A digest of the pixels of each page."""
    digests: list[str] = []
    for path in documents:
        with pymupdf.open(path) as document:
            digests.extend(page.get_pixmap(dpi=20).digest.hex() for page in document)
    return digests


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    plan = Plan("vllm", "m", ("a.pdf",), 5, 700, "home", sizes=(3,), extra={"dpi": "72"})
    write_plan(plan, tmp_path / "plan.json")

    assert read_plan(tmp_path / "plan.json") == plan


def test_the_steady_rate_ignores_a_slow_start_and_a_slow_end() -> None:
    even = [10 + number / 4 for number in range(80)]

    steady = middle(0.0, [8.0, 9.0, *even, 32.0, 34.0])

    assert steady is not None
    assert steady.pages_per_s == pytest.approx(4)
    assert 10 < steady.begin < steady.end < 30


def test_pages_that_end_all_at_once_have_no_steady_part() -> None:
    assert middle(0.0, [20 + number / 1000 for number in range(100)]) is None
    assert middle(0.0, [1.0, 2.0]) is None


def test_the_table_shows_ratio_and_cost() -> None:
    usage = {"gpu_busy": 0.93, "cores": 6.0, "peak_private_gib": 9.5}
    parts = {
        "recipe": {"pages": 512, "pages_per_s": 5.0, "tokens_per_s": 3500.0, "usage": usage},
        "fleet": {"pages": 512, "pages_per_s": 20.0, "tokens_per_s": 14000.0, "usage": usage},
        "two-engines": {
            **{"pages": 512, "pages_per_s": 40.0, "tokens_per_s": 28000.0, "usage": usage},
            **{"steady_pages_per_s": 40.0, "steady_usage": usage},
        },
        "ceiling": {"error": "ended with 1"},
    }
    shown = table({"parts": parts, "price": 3.6}).splitlines()

    assert " ".join(shown[2].split()) == "fleet, 512 pages 20.00 14,000 4.00 93% 6.0 9.5 50"
    # Twice as fast on twice as many GPUs: the same money.
    assert " ".join(shown[3].split()) == "two-engines, 512 pages 40.00 28,000 8.00 93% 6.0 9.5 50"
    assert " ".join(shown[4].split()) == "512, steady part 40.00 - 8.00 93% 6.0 9.5 50"
    assert shown[-1] == "ceiling: ended with 1"
    assert cost_per_million(3.6, 20.0, 2) == pytest.approx(100)


def test_the_share_of_a_busy_gpu_is_that_of_the_watched_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nprintf '0, 80, 1024\\n1, 20, 2048\\n2, 0, 7\\n'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Watch("test", "0,1") as watch:
        begin, end = watch.mark(), watch.mark()
        usage = watch.usage(begin, end)

    assert (usage.gpu_busy, usage.gpu_gib) == (0.5, 3.0)


def test_entry_points_are_read_from_the_written_metadata(tmp_path: Path) -> None:
    distributions = list(
        Distribution.discover(name="pagefleet", path=[str(write_metadata(tmp_path))])
    )

    points = {(point.group, point.name): point.value for point in distributions[0].entry_points}
    assert points["console_scripts", "pagefleet"] == "producer.cli:main"
    assert points["vllm.general_plugins", "pagefleet"].endswith(":register")


def test_the_chart_is_an_svg_whose_bars_are_to_one_scale() -> None:
    parts = {
        "recipe": {"pages_per_s": 5.0, "usage": {"gpu_busy": 0.4}},
        "fleet": {"pages_per_s": 20.0, "usage": {"gpu_busy": 0.95}},
        "ceiling": {"error": "ended with 1"},
    }
    result = {"date": "2030-01-02", "machine": ["<GPU>"], "cores": 16, "tokens": 700}
    picture = ElementTree.fromstring(draw({**result, "versions": {}, "parts": parts}))
    bars = [float(rect.get("width", "")) for rect in picture.iterfind("{*}rect")][1:]
    words = " ".join(text.text or "" for text in picture.iterfind("{*}text"))

    assert bars[1] == pytest.approx(4 * bars[0], abs=2)
    assert "4.0 x recipe, GPU 95% busy" in words
    assert "<GPU>" in words


@pytest.mark.parametrize("module", ["benchmarks.gpu.vision", "benchmarks.gpu.resizing"])
def test_benchmarks_of_kernels_say_what_they_need_where_they_cannot_run(module: str) -> None:
    ended = run(module=module)

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("needs ")
    assert "Traceback" not in ended.stderr


def test_an_answer_for_the_acceptance_has_markers_and_the_models_table_cells() -> None:
    blocks = [
        Block(type="header", bbox=(0, 0, 9, 9), text="Page 4"),
        Block(type="title", bbox=(10, 20, 30, 40), text="Rain"),
        Block(type="table", bbox=(0, 50, 90, 99), text="<table><tr><th>mm</th></tr></table>"),
        Block(type="image", bbox=(0, 50, 90, 99), text="left out"),
    ]
    title, table_element, image = grounded_answer(blocks).split("\n\n")

    assert title.startswith("<|ref|>title<|/ref|><|det|>[[")
    assert title.endswith("]]<|/det|>\nRain")
    assert table_element.endswith("\n<table><tr><td>mm</td></tr></table>")
    assert image.endswith("<|/det|>")


def test_the_table_lists_the_acceptance_by_kind_of_page() -> None:
    kinds = {"article": {"pages": 48, "tokens_per_step": {"0.0": 4.57, "0.03": 4.21}}}
    shown = table({"parts": {"acceptance": {"pages": 48, "kinds": kinds}}})
    assert "article, 48 pages" in shown
    assert "4.57 at 0%, 4.21 at 3%" in shown
