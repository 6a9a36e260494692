"""A hostile options file becomes one short error, within limits of time and memory."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from producer.submission.request import Request
from producer.watching.folder_options import NAME, BadFolderOptions, OptionFiles, parse
from producer.watching.places.folder import FolderInbox
from shared.config.settings import build_settings

FAULTS = {
    "brackets": b"task = " + b"[" * 3000 + b"]" * 3000,
    "tables": b"task = " + b"{a=" * 3000 + b"1" + b"}" * 3000,
    "brackets after closed ones": b"# " + b"]" * 3000 + b"\ntask = " + b"[" * 3000,
    "dots": b"a." * 30_000 + b"a = 1",
    "dotted table": b"[" + b"a." * 30_000 + b"a]",
    "digits": b"dpi = " + b"9" * 60_000,
    "bytes": b'task = "\xff"',
    "zeros": b'task = "\0"',
    "only zeros": b"\0" * 60_000,
    "long name": b"n" * 60_000 + b" = 1",
    "text": b"task = " + b'"' * 5,
    "date": b"dpi = 9999-99-99",
}


@pytest.fixture
def request_of_watch(tmp_path: Path) -> Request:
    """The request of a watch without options."""
    return Request(build_settings({"home": tmp_path / "home", "engine": "fake"}))


@pytest.mark.parametrize("data", FAULTS.values(), ids=FAULTS.keys())
def test_any_fault_is_one_short_error(data: bytes, request_of_watch: Request) -> None:
    started = time.monotonic()

    file = parse("a/pagefleet.toml", data, request_of_watch)

    assert file.error is not None
    assert len(file.error.message) < 500
    assert time.monotonic() - started < 5


def test_ordinary_files_are_within_the_limits(request_of_watch: Request) -> None:
    data = b'task = "free-ocr"\npages = "1-3"\nlabels = { team = "a.b.c [draft]" }\n'

    assert parse("pagefleet.toml", data, request_of_watch).error is None


def huge(path: Path) -> None:
    """A file of 100 MB that takes no room."""
    with path.open("wb") as file:
        file.truncate(100_000_000)


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(NAME), huge],
    ids=["pipe", "folder", "endless link", "100 MB"],
)
def test_what_is_no_readable_file_blocks_only_its_own_folder(
    make: Callable[[Path], None], tmp_path: Path, request_of_watch: Request
) -> None:
    (tmp_path / "a").mkdir()
    make(tmp_path / "a" / NAME)
    options = OptionFiles(FolderInbox(tmp_path, tmp_path, lambda _: None), request_of_watch)

    with pytest.raises(BadFolderOptions):
        options.fresh("a/x.pdf")

    assert options.is_blocked("a/deep/x.pdf")
    assert not options.is_blocked("b/x.pdf")
    assert options.fresh("b/x.pdf").digest() == ""
