"""Another process swaps or changes a file while it is submitted."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from producer.intake.input import Input
from producer.intake.input_file import private_copy
from producer.intake.opener import Intake
from shared.domain.errors import DocumentError, NotADocument, NotFound
from shared.storage.store import ObjectStore
from tests.conftest import SettingsFactory
from tests.support.documents.pdf_samples import pdf, text

KEY = "jobs/a/source.pdf"
SECRET = b"%PDF-1.7 only its owner may read this"


@pytest.fixture
def intake(settings: SettingsFactory) -> Iterator[Intake]:
    with Intake(settings()) as intake:
        yield intake


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "in.pdf"
    path.write_bytes(pdf([text("mine")]))
    return path


def swap(path: Path, kind: str) -> None:
    """Put something else in place of the file, atomically."""
    other, secret = path.with_name("other"), path.with_name("secret")
    secret.write_bytes(SECRET)
    if kind == "link":
        other.symlink_to(secret)
    elif kind == "pipe":
        os.mkfifo(other)
    else:
        other.write_bytes(pdf([text("forged")]))
    other.replace(path)


@pytest.mark.parametrize("kind", ["link", "pipe", "file"])
def test_what_was_inspected_is_stored_although_the_path_leads_elsewhere_now(
    intake: Intake, document: Path, any_store: ObjectStore, kind: str
) -> None:
    content = document.read_bytes()

    with intake.opened(Input(str(document), "file"), None) as opened:
        swap(document, kind)
        any_store.put_file(KEY, opened.path, opened.sha256)

    assert any_store.get(KEY) == content
    assert opened.sha256 == hashlib.sha256(content).hexdigest()


def test_bytes_that_change_in_place_before_they_are_stored_are_refused(
    intake: Intake, document: Path, any_store: ObjectStore
) -> None:
    with intake.opened(Input(str(document), "file"), None) as opened:
        with document.open("r+b") as file:
            file.seek(30)
            file.write(b"forged")
        with pytest.raises(NotADocument, match="changed while it was stored"):
            any_store.put_file(KEY, opened.path, opened.sha256)

    with pytest.raises(NotFound):
        any_store.get(KEY)


def test_a_file_that_grows_before_it_is_stored_is_refused(
    intake: Intake, document: Path, any_store: ObjectStore
) -> None:
    with intake.opened(Input(str(document), "file"), None) as opened:
        with document.open("ab") as file:
            file.write(b"more")
        with pytest.raises(NotADocument, match="changed while it was stored"):
            any_store.put_file(KEY, opened.path, opened.sha256)


@contextmanager
def swapping(path: Path) -> Iterator[None]:
    """Swap the path between a document, a link and a pipe all the time."""
    stop = threading.Event()
    content = path.read_bytes()

    def work() -> None:
        while not stop.is_set():
            for kind in ("pipe", "link", "file"):
                swap(path, kind)
            other = path.with_name("other")
            other.write_bytes(content)
            other.replace(path)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_path_that_is_swapped_all_the_time_never_blocks_and_gives_what_was_hashed(
    intake: Intake, document: Path, file_store: ObjectStore
) -> None:
    with swapping(document):
        for _ in range(60):
            with (
                suppress(DocumentError),
                intake.opened(Input(str(document), "file"), None) as opened,
            ):
                file_store.put_file(KEY, opened.path, opened.sha256)
                stored = file_store.get(KEY)
                assert hashlib.sha256(stored).hexdigest() == opened.sha256
                assert len(stored) == opened.bytes


def test_a_system_without_proc_reads_a_private_copy(document: Path, tmp_path: Path) -> None:
    content = document.read_bytes()

    with document.open("rb") as stream, private_copy(stream, tmp_path) as file:
        document.write_bytes(b"changed")
        assert file.path.read_bytes() == file.stream.read() == content
