"""``run --stream`` prints one page while the engine produces it, and nothing else."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import SettingsFactory
from tests.support.engines.engine_pages import distinct_pages, picture
from tests.support.fleets import fleet
from tests.support.servers.openai_server import OpenAiServer, hanging, serving


def test_standard_output_has_only_the_text_and_standard_error_the_progress(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    result = fleet.pagefleet(settings(engine="fake"), "run", str(page), "--stream")

    assert result.status == 0, result.err
    assert result.out.startswith("fake:")
    assert result.out.endswith(":1\n")
    assert "starting engine fake" in result.err


def test_one_page_of_a_document_is_chosen(settings: SettingsFactory, tmp_path: Path) -> None:
    pages = str(distinct_pages(tmp_path / "pages.pdf"))
    chosen = settings(engine="fake")
    result = fleet.pagefleet(chosen, "run", pages, "--stream", "--pages", "4")
    assert result.out.endswith(":4\n")
    refused = fleet.in_process(chosen, "run", pages, "--stream")
    assert (refused.status, refused.out) == (2, "")
    assert "not 6 of pages.pdf" in refused.err
    assert refused.err.count("\n") == 1


def test_text_is_printed_before_the_page_is_finished(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    with serving(
        OpenAiServer(text="Word after word \x1b[31m\x07\x9b32m\u202e and no more.", pause_s=0.3)
    ) as server:
        chosen = settings(engine="openai", engine_url=server.url)
        process = subprocess.Popen(
            [str(fleet.BIN / "pagefleet"), "run", str(page), "--stream"],
            env=fleet.environment(chosen),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        assert process.stdout is not None
        first = process.stdout.read(4)
        early = time.monotonic()
        rest, _ = process.communicate(timeout=60)
        waited = time.monotonic() - early

    assert (first + rest).decode() == "Word after word [31m32m and no more.\n"
    assert waited > 0.5


@pytest.mark.parametrize("words", [("--json",), ("-o", "out"), ("other.png",)])
def test_options_that_do_not_fit_stream_are_refused_in_one_line(
    settings: SettingsFactory, tmp_path: Path, words: tuple[str, ...]
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    picture(tmp_path / "other.png", 400, 300)
    arguments = [str(tmp_path / word) if word.endswith("png") else word for word in words]
    refused = fleet.in_process(settings(engine="fake"), "run", str(page), "--stream", *arguments)

    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("error")
    assert refused.err.count("\n") == 1


def test_a_run_without_a_folder_and_without_stream_names_both_options(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    refused = fleet.in_process(settings(engine="fake"), "run", str(page))

    assert refused.status == 2
    assert "-o DIR" in refused.err


def test_an_engine_that_cannot_start_reports_the_reason_once(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    with serving(OpenAiServer(model="other/Model")) as server:
        chosen = settings(engine="openai", engine_url=server.url)
        result = fleet.pagefleet(chosen, "run", str(page), "--stream")

    assert (result.status, result.out) == (2, "")
    assert result.err.count("other/Model") == 1


def test_an_interrupt_also_stops_the_reading_process(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    page = picture(tmp_path / "page.png", 400, 300)
    with serving(OpenAiServer(faults=[hanging])) as server:
        chosen = settings(engine="openai", engine_url=server.url)
        process = fleet.start_pagefleet(chosen, "run", str(page), "--stream")
        try:
            fleet.wait_until(lambda: server.bodies, 60)
            process.send_signal(signal.SIGINT)

            assert process.wait(30) == 130
            fleet.wait_until(lambda: server.abandoned, 20)
            fleet.wait_until(lambda: not fleet.processes_of(chosen), 20)
        finally:
            process.kill()
            process.wait()
