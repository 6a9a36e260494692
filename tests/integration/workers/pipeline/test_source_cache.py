import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from shared.domain.errors import CorruptDocument, NotFound, StoreUnreachable
from shared.storage.store import ObjectStore
from shared.storage.store_file import FileStore
from tests.support.paths import ROOT
from workers.pipeline.source_cache import SourceCache

MEGABYTE = 1_000_000


class FarStore(FileStore):
    """A folder that behaves like a store elsewhere and notes each download in a file."""

    def __init__(self, root: Path, delay_s: float = 0.0) -> None:
        super().__init__(root)
        self._log = root.parent / "downloads.log"
        self._delay_s = delay_s

    def local_path(self, key: str) -> Path | None:
        return None

    def download(self, key: str, path: Path) -> None:
        with self._log.open("a") as log:
            log.write(key + "\n")
        time.sleep(self._delay_s)
        super().download(key, path)

    @property
    def downloads(self) -> list[str]:
        """Keys in the order of their downloads, by all processes."""
        return self._log.read_text().split() if self._log.exists() else []


#: Fetches what it is told to, holds it until it gets a line, and tells how long it is.
HOLDER = """\
import sys
from pathlib import Path
from tests.integration.workers.pipeline.test_source_cache import FarStore, MEGABYTE
from workers.pipeline.source_cache import SourceCache
root, folder, key, sha256 = sys.argv[1:]
cache = SourceCache(FarStore(Path(root), 0.3), Path(folder), 2 * MEGABYTE)
print("ready", flush=True)
sys.stdin.readline()
with cache.fetch(key, sha256, "pdf", MEGABYTE) as path:
    print(path.stat().st_size, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def far(tmp_path: Path) -> FarStore:
    return FarStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(far: FarStore, folder: Path) -> SourceCache:
    """Room for two documents of one megabyte."""
    return SourceCache(far, folder, 2 * MEGABYTE + 1)


def stored(store: ObjectStore, name: str, size: int = MEGABYTE) -> tuple[str, str, str, int]:
    """The arguments of ``fetch`` for a new document of ``size`` bytes."""
    data = name.encode() * size
    store.put(f"jobs/{name}/source.pdf", data[:size])
    return f"jobs/{name}/source.pdf", hashlib.sha256(data[:size]).hexdigest(), "pdf", size


def cached(folder: Path) -> set[str]:
    """Names of all files in the cache but the locks."""
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_a_document_in_a_local_store_is_read_where_it_lies(
    file_store: ObjectStore, folder: Path
) -> None:
    wanted = stored(file_store, "a")

    with SourceCache(file_store, folder, MEGABYTE).fetch(*wanted) as path:
        assert path == file_store.local_path(wanted[0])
    assert not folder.exists()


def test_a_document_from_far_is_fetched_once(far: FarStore, cache: SourceCache) -> None:
    wanted = stored(far, "a")

    for _ in range(3):
        with cache.fetch(*wanted) as path:
            assert path.read_bytes() == b"a" * MEGABYTE
            assert path.suffix == ".pdf"

    assert far.downloads == ["jobs/a/source.pdf"]


def test_a_document_in_s3_is_fetched(s3_store: ObjectStore, folder: Path) -> None:
    wanted = stored(s3_store, "a")

    with SourceCache(s3_store, folder, MEGABYTE).fetch(*wanted) as path:
        assert path.read_bytes() == b"a" * MEGABYTE


def test_two_jobs_with_the_same_content_share_it(far: FarStore, cache: SourceCache) -> None:
    wanted = stored(far, "a")
    far.put("jobs/b/source.pdf", far.get(wanted[0]))

    with (
        cache.fetch(*wanted) as first,
        cache.fetch("jobs/b/source.pdf", *wanted[1:]) as second,
    ):
        assert first == second
    assert far.downloads == [wanted[0]]


def test_many_threads_that_want_one_document_fetch_it_once(tmp_path: Path, folder: Path) -> None:
    far = FarStore(tmp_path / "store", delay_s=0.2)
    wanted, cache, start = stored(far, "a"), SourceCache(far, folder, MEGABYTE), Barrier(16)

    def read(_: int) -> bytes:
        start.wait()
        with cache.fetch(*wanted) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(read, range(16))) == {b"a" * MEGABYTE}
    assert len(far.downloads) == 1


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
    assert answer(holder) == "ready"
    return holder


def answer(holder: "subprocess.Popen[str]") -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def tell(holder: "subprocess.Popen[str]") -> None:
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()


def test_many_processes_that_want_one_document_fetch_it_once(
    far: FarStore, holders: ExitStack, tmp_path: Path, folder: Path
) -> None:
    key, sha256, *_ = stored(far, "a")
    all_holders = [started_holder(holders, tmp_path, folder, key, sha256) for _ in range(3)]

    for holder in all_holders:
        tell(holder)

    assert [answer(holder) for holder in all_holders] == [str(MEGABYTE)] * 3
    assert far.downloads == [key]


def test_what_another_process_reads_is_not_evicted(
    far: FarStore, cache: SourceCache, holders: ExitStack, tmp_path: Path, folder: Path
) -> None:
    key, sha256, *_ = stored(far, "held")
    holder = started_holder(holders, tmp_path, folder, key, sha256)
    tell(holder)
    assert answer(holder) == str(MEGABYTE)

    for name in "abcd":
        with cache.fetch(*stored(far, name)):
            pass

    assert f"{sha256}.pdf" in cached(folder)
    holder.kill()
    holder.wait()
    for name in "efgh":
        with cache.fetch(*stored(far, name)):
            pass
    assert f"{sha256}.pdf" not in cached(folder)


def test_what_a_killed_process_was_fetching_is_fetched_anew(
    far: FarStore, cache: SourceCache, folder: Path
) -> None:
    wanted = stored(far, "a")
    folder.mkdir()
    mine = folder / f".{wanted[1]}.pdf.0123"
    other = folder / f"..{'0' * 64}.pdf.0123.4567"
    for leftover in (mine, other):
        leftover.write_bytes(b"part")

    with cache.fetch(*wanted) as path:
        assert path.read_bytes() == b"a" * MEGABYTE
    assert cached(folder) == {path.name}


def test_what_was_not_used_for_longest_goes_first(
    far: FarStore, cache: SourceCache, folder: Path
) -> None:
    documents = {name: stored(far, name) for name in "abc"}
    for age_s, name in ((300, "a"), (200, "b")):
        with cache.fetch(*documents[name]) as path:
            pass
        os.utime(path, (time.time() - age_s,) * 2)
    with cache.fetch(*documents["a"]):
        pass  # used again: now "b" is the oldest

    with cache.fetch(*documents["c"]):
        pass

    assert cached(folder) == {f"{documents[name][1]}.pdf" for name in "ac"}


def test_the_cache_keeps_to_its_bytes(far: FarStore, cache: SourceCache, folder: Path) -> None:
    for number in range(8):
        with cache.fetch(*stored(far, str(number), 700_000)):
            pass

        assert sum(path.stat().st_size for path in folder.glob("*.pdf")) <= 2 * MEGABYTE + 1


def test_what_is_in_use_stays_even_over_the_limit(far: FarStore, folder: Path) -> None:
    cache = SourceCache(far, folder, 0)
    with cache.fetch(*stored(far, "a")) as first, cache.fetch(*stored(far, "b")) as second:
        assert first.read_bytes() == b"a" * MEGABYTE
        assert second.read_bytes() == b"b" * MEGABYTE

    assert cached(folder) == set()


def test_a_document_with_other_content_is_refused_after_a_second_look(
    far: FarStore, cache: SourceCache, folder: Path
) -> None:
    wanted = stored(far, "a")
    far.put(wanted[0], b"b" * MEGABYTE)

    with (
        pytest.raises(CorruptDocument, match="is not the document that was submitted"),
        cache.fetch(*wanted),
    ):
        pass

    assert len(far.downloads) == 2
    assert cached(folder) == set()


def test_a_local_document_of_another_size_is_refused(file_store: ObjectStore, folder: Path) -> None:
    wanted = stored(file_store, "a")
    file_store.put(wanted[0], b"shorter")

    with pytest.raises(CorruptDocument), SourceCache(file_store, folder, 0).fetch(*wanted):
        pass


def test_a_file_cut_short_by_a_power_loss_is_fetched_again(
    far: FarStore, cache: SourceCache
) -> None:
    wanted = stored(far, "a")
    with cache.fetch(*wanted) as path:
        pass
    os.truncate(path, 0)

    with cache.fetch(*wanted) as path:
        assert path.read_bytes() == b"a" * MEGABYTE


def test_a_missing_source_is_not_found(
    far: FarStore, cache: SourceCache, file_store: ObjectStore, folder: Path
) -> None:
    for somewhere in (cache, SourceCache(file_store, folder, MEGABYTE)):
        with pytest.raises(NotFound), somewhere.fetch("jobs/x/source.pdf", "0" * 64, "pdf", 1):
            pass


@pytest.mark.parametrize(
    ("sha256", "ext"), [("../x", "pdf"), ("0" * 63, "pdf"), ("0" * 64, "p/f"), ("0" * 64, "")]
)
def test_a_manifest_can_not_name_a_path(cache: SourceCache, sha256: str, ext: str) -> None:
    with pytest.raises(CorruptDocument), cache.fetch("jobs/a/source.pdf", sha256, ext, 1):
        pass


def test_a_folder_that_can_not_be_made_is_told(far: FarStore) -> None:
    cache = SourceCache(far, Path("/proc/pagefleet"), MEGABYTE)

    with pytest.raises(StoreUnreachable, match="/proc/pagefleet"), cache.fetch(*stored(far, "a")):
        pass


def test_a_failure_of_the_reader_frees_the_document(far: FarStore, folder: Path) -> None:
    cache = SourceCache(far, folder, 0)

    with pytest.raises(ZeroDivisionError), cache.fetch(*stored(far, "a")):
        raise ZeroDivisionError

    assert cached(folder) == set()


def test_a_document_at_hand_costs_next_to_nothing(far: FarStore, cache: SourceCache) -> None:
    wanted = stored(far, "a")
    with cache.fetch(*wanted):
        pass

    started = time.process_time()
    for _ in range(1000):
        with cache.fetch(*wanted):
            pass

    assert time.process_time() - started < 0.5
