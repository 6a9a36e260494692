"""Bad input on the command line: one clear line, the right status, nothing left behind."""

import os
import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

import shared.broker.connection
import shared.storage.s3_client
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.documents import pdf_samples
from tests.support.fleets.fleet import (
    Fleet,
    begin,
    in_process,
    pagefleet,
    pdf,
    processes_of,
    wait_until,
)
from tests.support.fleets.ledger_check import check_job
from tests.support.paths import DATA

#: Broken beyond what any reader can make of them.
REFUSED = {
    "T02-03_006_page-object-missing.pdf": "corrupt",
    "minimal_test.pdf": "corrupt",
    "invalid.pdf": "corrupt",
    "livecycle.pdf": "unsupported",
}


def bad_documents(folder: Path) -> dict[str, str]:
    """Files that must be refused, each with its code."""
    whole = pdf(folder / "whole.pdf", 30).read_bytes()
    (folder / "whole.pdf").unlink()
    with pymupdf.open() as document:
        document.new_page()
        encryption = pymupdf.PDF_ENCRYPT_AES_256
        document.save(folder / "locked.pdf", encryption=encryption, user_pw="1234")
    (folder / "locked too.pdf").write_bytes((folder / "locked.pdf").read_bytes())
    pdf(folder / "long.pdf", 41)
    xfa = {"catalog_extra": b"/AcroForm << /XFA 4 0 R /Fields [] >>"}
    waiting = pdf_samples.text("Please wait... Adobe Reader 8")
    contents = {
        "empty.pdf": (b"", "empty"),
        "header.pdf": (b"%PDF-1.7\n", "corrupt"),
        "truncated.pdf": (whole[:60], "corrupt"),
        "letter.pdf": (b"Dear reader,\nthis is no PDF.\n", "not_a_document"),
        "noise.png": (bytes(range(256)) * 9, "not_a_document"),
        "page.html": (b"<!doctype html><p>Hello", "unsupported"),
        "no pages.pdf": (pdf_samples.pdf([]), "corrupt"),
        "form.pdf": (pdf_samples.pdf([waiting], **xfa, objects=[b"<< >>"]), "unsupported"),
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
    made = settings(engine="fake", max_pages=40, max_file_bytes=200_000)
    monkeypatch.chdir(place)
    before = {path for path in tmp_path.rglob("*") if made.home not in path.parents}

    ended = in_process(
        made, "run", *codes, "--manifest", str(listed), "-o", str(tmp_path / "out"), "--json"
    )

    found = {line["input"]: line["error"]["code"] for line in ended.lines}
    assert ended.status == 4
    assert found == {**codes, "locked too.pdf": "wrong_password"}
    assert all(line["job_id"] is None and line["pages"] == 0 for line in ended.lines)
    assert len(ended.err.splitlines()) == len(found)
    assert "Traceback" not in ended.err and "\x1b" not in ended.err
    assert list((tmp_path / "out").iterdir()) == []
    assert list((made.home / "tmp").iterdir()) == []
    assert list(open_store(made).list("")) == []
    after = {path for path in tmp_path.rglob("*") if made.home not in path.parents}
    assert after - before == {tmp_path / "out", made.home}
    assert not [pid for pid in processes_of(made) if pid != os.getpid()]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the test documents")
def test_broken_documents_of_strangers_lose_no_page_and_crash_nothing(
    fake_fleet: Fleet,
) -> None:
    robust = DATA / "robust"
    expected = {path.name for path in robust.rglob("*") if path.is_file()}

    ended = fake_fleet("submit", str(robust), "--wait", "--json")

    by_name = {Path(line["input"]).name: line for line in ended.lines}
    assert set(by_name) == {name for name in expected if not name.endswith(".md")}
    refused = {name: line["error"]["code"] for name, line in by_name.items() if line["error"]}
    assert refused == REFUSED
    store = open_store(fake_fleet.settings)
    for name in set(by_name) - set(refused):
        assert by_name[name]["pages"] == 1, name
        assert check_job(store, by_name[name]["job_id"]).status == "ok"
    assert ended.status == 4
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "status", "said"),
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
def test_wrong_usage_is_one_line_that_says_what_to_do(
    settings: SettingsFactory, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    source = pdf(tmp_path / "a.pdf", 2)
    words = ["submit", str(source), "--dry-run", *words]

    ended = in_process(settings(engine="fake"), *words)

    assert ended.status == status
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_an_unknown_setting_is_named_with_the_one_that_was_meant(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    made = settings(engine="fake")
    (tmp_path / "pagefleet.toml").write_text("max_pagse = 3\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.fleets.fleet.environment", lambda _: {"PAGEFLEET_STOER": "x"})
        ended = in_process(made, "list")

    assert (ended.status, ended.out) == (2, "")
    assert "unknown setting PAGEFLEET_STOER; did you mean 'store'?" in ended.err


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("command", [["submit"], ["run", "-o", "out"]])
def test_a_broker_that_does_not_answer_is_given_up(
    settings: SettingsFactory,
    tmp_path: Path,
    silent_port: int,
    closed_port: int,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared.broker.connection, "PROBE_S", 0.5)
    monkeypatch.chdir(tmp_path)
    source = str(pdf(tmp_path / "a.pdf", 1))

    for port in (silent_port, closed_port):
        made = settings(redis_url=f"redis://:hunter2@127.0.0.1:{port}/0", engine="fake")
        ended = in_process(made, *command, source)
        assert ended.status == 5
        assert "error[broker_unreachable]: broker redis://127.0.0.1:" in ended.err
        assert len(ended.err.splitlines()) == 1
        assert "hunter2" not in ended.err


def test_a_store_that_does_not_answer_is_given_up(
    s3_settings: SettingsFactory,
    tmp_path: Path,
    silent_port: int,
    closed_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared.storage.s3_client, "PROBE_S", 0.5)
    source = str(pdf(tmp_path / "a.pdf", 1))

    for port in (silent_port, closed_port):
        made = s3_settings(s3_endpoint_url=f"http://127.0.0.1:{port}", engine="fake")
        for words in (["list"], ["run", source, "-o", str(tmp_path / "out")]):
            ended = in_process(made, *words)
            assert ended.status == 5
            assert f"error[store_unreachable]: http://127.0.0.1:{port} does not ans" in ended.err
            assert len(ended.err.splitlines()) == 1


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process can grow beyond ``size`` bytes, as on a disk that is full."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_a_store_without_room_is_told_of_and_holds_no_half_job(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    pictures = tmp_path / "noise.png"
    Image.effect_noise((400, 400), 90).save(pictures)
    store = open_store(fake_fleet.settings)
    before = set(store.list(""))

    with largest_file(20_000):
        ended = fake_fleet("submit", str(pictures))

    assert ended.status == 5
    assert "error[store_unreachable]: can't write" in ended.err
    assert len(ended.err.splitlines()) == 1
    # Its marker may stay: by it the sweeper finds what a dead producer left.
    left = set(store.list("jobs/")) - before
    assert left == set()
    assert fake_fleet("submit", str(pictures), "--wait").status == 0


def test_an_output_folder_without_room_keeps_the_job_and_no_part_of_a_file(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 2, title="no room"))
    job_id = fake_fleet("submit", source, "--wait", "--json").lines[0]["job_id"]
    out = tmp_path / "out"

    with largest_file(50):
        ended = fake_fleet("fetch", job_id, "-o", str(out), "--json")

    (line,) = ended.lines
    assert ended.status == 5
    assert (line["job_id"], line["markdown"], line["pages"]) == (job_id, None, 2)
    assert line["error"]["code"] == "store_unreachable"
    assert list(out.iterdir()) == []
    assert fake_fleet("fetch", job_id, "-o", str(out)).status == 0


def test_an_output_folder_that_is_a_file_is_refused_before_any_work(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    source = str(pdf(tmp_path / "a.pdf", 1))

    ended = in_process(settings(engine="fake"), "run", source, "-o", source)

    assert ended.status == 5
    assert "choose another -o DIR" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_file_name_that_is_no_text_is_just_a_name(
    settings: SettingsFactory, tmp_path: Path, redis_url: str
) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.pdf"
    os.rename(pdf(tmp_path / "a.pdf", 1), name)  # noqa: PTH104  bytes
    made = settings(redis_url=redis_url, engine="fake")

    ended = pagefleet(made, "submit", os.fsdecode(name), "--json")

    assert ended.status == 0, ended.err
    assert ended.lines[0]["input"] == os.fsdecode(name)


def test_ctrl_c_ends_a_run_that_waits_for_standard_input(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    made = settings(engine="fake")
    process = begin(made, "run", "-", "-o", str(tmp_path / "out"), stdin=subprocess.PIPE)
    try:
        wait_until(lambda: list(made.home.glob("tmp/intake-*/*/input")))
        process.terminate()
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.communicate()
    wait_until(lambda: not processes_of(made), 5)
    assert list((made.home / "tmp").iterdir()) == []
