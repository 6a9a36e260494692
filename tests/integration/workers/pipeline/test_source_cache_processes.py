"""Processes of one host share the cache of sources."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.fleets.remote_store import MEGABYTE, RemoteStore, cached, stored
from tests.support.paths import ROOT
from workers.pipeline.source_cache import SourceCache

#: Fetches a document when it gets a line, prints its length, holds it until the next line.
HOLDER = """\
import sys
from pathlib import Path
from tests.support.fleets.remote_store import MEGABYTE, RemoteStore
from workers.pipeline.source_cache import SourceCache
root, folder, key, sha256 = sys.argv[1:]
cache = SourceCache(RemoteStore(Path(root), 0.3), Path(folder), 2 * MEGABYTE)
print("ready", flush=True)
sys.stdin.readline()
with cache.fetch(key, sha256, "pdf", MEGABYTE) as path:
    print(path.stat().st_size, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holders(tmp_path: Path, folder: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def started_holder(
    holders: ExitStack, tmp_path: Path, folder: Path, key: str, sha256: str
) -> "subprocess.Popen[str]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "store"), str(folder), key, sha256],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    holders.callback(holder.communicate)
    holders.callback(holder.kill)
    assert read_line(holder) == "ready"
    return holder


def read_line(holder: "subprocess.Popen[str]") -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def send_line(holder: "subprocess.Popen[str]") -> None:
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()


def test_many_processes_that_need_one_document_fetch_it_once(
    remote: RemoteStore, holders: ExitStack, tmp_path: Path, folder: Path
) -> None:
    key, sha256, *_ = stored(remote, "a")
    all_holders = [started_holder(holders, tmp_path, folder, key, sha256) for _ in range(3)]

    for holder in all_holders:
        send_line(holder)

    assert [read_line(holder) for holder in all_holders] == [str(MEGABYTE)] * 3
    assert remote.downloads == [key]


def test_a_document_that_another_process_reads_is_not_evicted(
    remote: RemoteStore, cache: SourceCache, holders: ExitStack, tmp_path: Path, folder: Path
) -> None:
    key, sha256, *_ = stored(remote, "held")
    holder = started_holder(holders, tmp_path, folder, key, sha256)
    send_line(holder)
    assert read_line(holder) == str(MEGABYTE)

    for name in "abcd":
        with cache.fetch(*stored(remote, name)):
            pass

    assert f"{sha256}.pdf" in cached(folder)
    holder.kill()
    holder.wait()
    for name in "efgh":
        with cache.fetch(*stored(remote, name)):
            pass
    assert f"{sha256}.pdf" not in cached(folder)
