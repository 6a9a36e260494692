"""Files are compared with a digest; a version of a file is read only once."""

import os
import time
from pathlib import Path

from shared.storage.content_digest import FINE_STEP_S, VerifiedFiles
from tests.support.documents.digests import file_digest


def seconds(files: VerifiedFiles, path: Path, sha256: str) -> float:
    started = time.monotonic()
    assert files.matches(path, sha256)
    return time.monotonic() - started


def test_a_version_of_a_file_is_read_once(tmp_path: Path) -> None:
    path, files = tmp_path / "large", VerifiedFiles()
    with path.open("wb") as file:
        file.truncate(400 << 20)
    sha256 = file_digest(path)
    time.sleep(FINE_STEP_S + 0.1)

    first = seconds(files, path, sha256)
    assert seconds(files, path, sha256) < first / 5
    assert not files.matches(path, "0" * 64)


def test_a_change_is_noticed_although_size_and_time_are_as_before(tmp_path: Path) -> None:
    path, files = tmp_path / "file", VerifiedFiles()
    path.write_bytes(b"before")
    time.sleep(FINE_STEP_S + 0.1)
    sha256, status = file_digest(path), path.stat()
    assert files.matches(path, sha256)

    with path.open("r+b") as file:
        file.write(b"forged")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert not files.matches(path, sha256)


def test_a_change_right_after_a_look_is_noticed(tmp_path: Path) -> None:
    path, files = tmp_path / "file", VerifiedFiles()
    for round_ in range(200):
        content = b"%06d" % round_
        with path.open("wb") as file:
            file.write(content)
        sha256 = file_digest(path)
        assert files.matches(path, sha256)
        with path.open("r+b") as file:
            file.write(b"forged")
        assert not files.matches(path, sha256)
