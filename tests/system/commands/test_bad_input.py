"""Bad input gives one clear error line, the right exit code and no leftover files or processes."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.documents import pdf_samples
from tests.support.fleets.fleet import (
    Fleet,
    in_process,
    pagefleet,
    pdf,
    processes_of,
    start_pagefleet,
    wait_until,
)
from tests.support.fleets.ledger_check import check_job
from tests.support.full_disk import limited_file_size
from tests.support.paths import DATA

#: Documents that no reader can open, with their error codes.
REFUSED = {
    "T02-03_006_page-object-missing.pdf": "corrupt",
    "minimal_test.pdf": "corrupt",
    "invalid.pdf": "corrupt",
    "livecycle.pdf": "unsupported",
}


def bad_documents(folder: Path) -> dict[str, str]:
    """Creates files that must be refused; returns their error codes by name."""
    whole = pdf(folder / "whole.pdf", 30).read_bytes()
    (folder / "whole.pdf").unlink()
    with pymupdf.open() as document:
        document.new_page()
        encryption = pymupdf.PDF_ENCRYPT_AES_256
        document.save(folder / "locked.pdf", encryption=encryption, user_pw="1234")
    (folder / "locked too.pdf").write_bytes((folder / "locked.pdf").read_bytes())
    pdf(folder / "long.pdf", 41)
    xfa = b"/AcroForm << /XFA 4 0 R /Fields [] >>"
    waiting = pdf_samples.text("Please wait... Adobe Reader 8")
    form = pdf_samples.pdf([waiting], catalog_extra=xfa, objects=[b"<< >>"])
    contents = {
        "empty.pdf": (b"", "empty"),
        "header.pdf": (b"%PDF-1.7\n", "corrupt"),
        "truncated.pdf": (whole[:60], "corrupt"),
        "letter.pdf": (b"Dear reader,\nthis is no PDF.\n", "not_a_document"),
        "noise.png": (bytes(range(256)) * 9, "not_a_document"),
        "page.html": (b"<!doctype html><p>Hello", "unsupported"),
        "no pages.pdf": (pdf_samples.pdf([]), "corrupt"),
        "form.pdf": (form, "unsupported"),
        "large.pdf": (whole + b"\0" * 300_000, "too_large"),
        "broken.jpg": (b"\xff\xd8\xff\xe0broken", "corrupt"),
        "quote'\".pdf": (b"", "empty"),
        "line\nbreak\x1b[31m.pdf": (b"", "empty"),
        "日本 ü.pdf": (b"", "empty"),
    }
    for name, (data, _) in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder.pdf").mkdir()
    os.mkfifo(folder / "pipe.pdf")
    codes = {name: code for name, (_, code) in contents.items()}
    other = {"locked.pdf": "encrypted", "long.pdf": "too_many_pages", "pipe.pdf": "unsupported"}
    missing = {"missing.pdf": "not_a_document", "no*match.pdf": "not_a_document"}
    return {**codes, **other, **missing, "folder.pdf": "not_a_document"}


def test_each_bad_document_is_refused_in_one_line_and_starts_nothing(
    settings: SettingsFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "in"
    place.mkdir()
    codes = bad_documents(place)
    listed = tmp_path / "files.jsonl"
    listed.write_text('{"uri": "locked too.pdf", "password": "wrong"}\n')
    config = settings(engine="fake", max_pages=40, max_file_bytes=200_000)
    monkeypatch.chdir(place)
    before = {path for path in tmp_path.rglob("*") if config.home not in path.parents}

    result = in_process(
        config, "run", *codes, "--manifest", str(listed), "-o", str(tmp_path / "out"), "--json"
    )

    refused = {line["input"]: line["error"]["code"] for line in result.lines}
    assert result.status == 4
    assert refused == {**codes, "locked too.pdf": "wrong_password"}
    assert all(line["job_id"] is None and line["pages"] == 0 for line in result.lines)
    assert len(result.err.splitlines()) == len(refused)
    assert "Traceback" not in result.err
    assert "\x1b" not in result.err
    assert list((tmp_path / "out").iterdir()) == []
    assert list((config.home / "tmp").iterdir()) == []
    assert list(open_store(config).list("")) == []
    after = {path for path in tmp_path.rglob("*") if config.home not in path.parents}
    assert after - before == {tmp_path / "out", config.home}
    assert not [pid for pid in processes_of(config) if pid != os.getpid()]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the test documents")
def test_broken_documents_from_the_web_lose_no_page_and_crash_nothing(
    fake_fleet: Fleet,
) -> None:
    robust = DATA / "robust"
    expected = {path.name for path in robust.rglob("*") if path.is_file()}

    result = fake_fleet("submit", str(robust), "--wait", "--json")

    by_name = {Path(line["input"]).name: line for line in result.lines}
    assert set(by_name) == {name for name in expected if not name.endswith(".md")}
    refused = {name: line["error"]["code"] for name, line in by_name.items() if line["error"]}
    assert refused == REFUSED
    store = open_store(fake_fleet.settings)
    for name in set(by_name) - set(refused):
        assert by_name[name]["pages"] == 1, name
        assert check_job(store, by_name[name]["job_id"]).status == "ok"
    assert result.status == 4
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--engine", "magic"], 2, "unknown engine 'magic'; use one of: auto, vllm"),
        (["--task", "dance"], 2, "unknown task 'dance'; use one of: markdown, free-ocr"),
        (["--task", "locate"], 2, "--query"),
        (["--task", "custom"], 2, "--prompt"),
        (["--task", "describe", "--engine", "cpu"], 2, "engines that can: vllm"),
        (["--pages", "9-12"], 4, "error[page_range]: page range '9-12' is outside the document"),
        (["--pages", "0"], 4, "outside the document"),
        (["--pages", "x"], 2, "bad page range 'x'; write for example 1-3,7"),
        (["--dpi", "5"], 2, "--dpi"),
        (["--label", "nonsense"], 2, "K=V"),
        (["--password-file", "nowhere"], 2, "can't read the password file nowhere"),
        (["--no-such-option"], 2, "--help"),
        (["--manifest", "nowhere.jsonl"], 2, "can't read the manifest"),
    ],
)
def test_wrong_usage_gives_one_line_with_the_next_step(
    settings: SettingsFactory, tmp_path: Path, words: list[str], status: int, message: str
) -> None:
    source = pdf(tmp_path / "a.pdf", 2)
    words = ["submit", str(source), "--dry-run", *words]

    result = in_process(settings(engine="fake"), *words)

    assert result.status == status
    assert message in result.err
    assert len(result.err.splitlines()) == 1


def test_an_unknown_setting_is_reported_with_the_closest_known_one(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake")
    (tmp_path / "pagefleet.toml").write_text("max_pagse = 3\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.fleets.fleet.environment", lambda _: {"PAGEFLEET_STOER": "x"})
        result = in_process(config, "list")

    assert (result.status, result.out) == (2, "")
    assert "unknown setting PAGEFLEET_STOER; did you mean 'store'?" in result.err


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("command", [["submit"], ["run", "-o", "out"]])
def test_a_broker_that_does_not_answer_ends_the_command(
    settings: SettingsFactory,
    tmp_path: Path,
    silent_port: int,
    closed_port: int,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = str(pdf(tmp_path / "a.pdf", 1))

    for port in (silent_port, closed_port):
        url = f"redis://:hunter2@127.0.0.1:{port}/0"
        config = settings(redis_url=url, engine="fake", broker_timeout_s=0.5)
        result = in_process(config, *command, source)
        assert result.status == 5
        assert "error[broker_unreachable]: broker redis://127.0.0.1:" in result.err
        assert len(result.err.splitlines()) == 1
        assert "hunter2" not in result.err


def test_a_store_that_does_not_answer_ends_the_command(
    s3_settings: SettingsFactory,
    tmp_path: Path,
    silent_port: int,
    closed_port: int,
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1))
    run = ["run", source, "-o", str(tmp_path / "out")]

    # A silent store is asked once only, because that takes ten seconds.
    for port, commands in ((silent_port, (run,)), (closed_port, (["list"], run))):
        config = s3_settings(s3_endpoint_url=f"http://127.0.0.1:{port}", engine="fake")
        for words in commands:
            result = in_process(config, *words)
            assert result.status == 5
            assert f"error[store_unreachable]: http://127.0.0.1:{port} does not ans" in result.err
            assert len(result.err.splitlines()) == 1


def test_a_full_store_is_reported_and_keeps_no_incomplete_job(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    pictures = tmp_path / "noise.png"
    Image.effect_noise((400, 400), 90).save(pictures)
    store = open_store(fake_fleet.settings)
    before = set(store.list(""))

    with limited_file_size(20_000):
        result = fake_fleet("submit", str(pictures))

    assert result.status == 5
    assert "error[store_unreachable]: can't write" in result.err
    assert len(result.err.splitlines()) == 1
    # The job marker may stay: it leads the sweeper to incomplete jobs.
    added = set(store.list("jobs/")) - before
    assert added == set()
    assert fake_fleet("submit", str(pictures), "--wait").status == 0


def test_a_full_output_folder_keeps_the_job_and_no_partial_file(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 2, title="no room"))
    job_id = fake_fleet("submit", source, "--wait", "--json").lines[0]["job_id"]
    out = tmp_path / "out"

    with limited_file_size(50):
        result = fake_fleet("fetch", job_id, "-o", str(out), "--json")

    (line,) = result.lines
    assert result.status == 5
    assert (line["job_id"], line["markdown"], line["pages"]) == (job_id, None, 2)
    assert line["error"]["code"] == "store_unreachable"
    assert list(out.iterdir()) == []
    assert fake_fleet("fetch", job_id, "-o", str(out)).status == 0


def test_an_output_folder_that_is_a_file_is_refused_before_any_work(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1))

    result = in_process(settings(engine="fake"), "run", source, "-o", source)

    assert result.status == 5
    assert "choose another -o" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_file_name_that_is_not_utf8_is_accepted(
    settings: SettingsFactory, tmp_path: Path, redis_url: str
) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.pdf"
    os.rename(pdf(tmp_path / "a.pdf", 1), name)  # noqa: PTH104  bytes
    config = settings(redis_url=redis_url, engine="fake")

    result = pagefleet(config, "submit", os.fsdecode(name), "--json")

    assert result.status == 0, result.err
    assert result.lines[0]["input"] == os.fsdecode(name)


def test_ctrl_c_ends_a_run_that_waits_for_standard_input(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    config = settings(engine="fake")
    process = start_pagefleet(
        config, "run", "-", "-o", str(tmp_path / "out"), stdin=subprocess.PIPE
    )
    try:
        wait_until(lambda: list(config.home.glob("tmp/intake-*/*/input")))
        process.terminate()
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not processes_of(config), 5)
    assert list((config.home / "tmp").iterdir()) == []
