"""The store in a folder: full disks, limits, permissions, links and other files."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import NotFound, StoreFull, StoreUnreachable
from shared.jobs.job_store import JobStore
from shared.jobs.purging import is_half_purged, purge
from shared.storage import durable_write
from shared.storage.store_file import TEMPORARY, FileStore
from tests.support.documents.digests import file_digest
from tests.support.fleets.killed_writer import SignalledWork
from tests.support.fleets.stored_jobs import ended_job
from tests.support.full_disk import limited_file_size
from tests.system.failures.small_disk import SmallDisk
from workers.maintenance.repairs.retention import purge_older

KEYS = st.lists(st.sampled_from(["a", "a-2", "a0", "b", "ä", "A", "\U0001f600"]), min_size=1)
KILLED_WRITER = """\
import sys, time
from pathlib import Path
from shared.storage.store_file import FileStore
store = FileStore(Path(sys.argv[1]))
number = 0
while True:
    store.put_new(f"jobs/a/pages/{number:06d}.json", b"x" * 100_000)
    number += 1
    print(number, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> FileStore:
    return FileStore(root)


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = SmallDisk.mounted(tmp_path / "tiny")
    if disk is None:
        pytest.skip("this user may not mount a small file system")
    assert disk.fill(256 << 10)
    yield tmp_path / "tiny"
    disk.remove()


def test_objects_are_plain_readable_files(store: FileStore, root: Path) -> None:
    store.put("jobs/a/document.md", b"# Title\n")

    assert (root / "jobs" / "a" / "document.md").read_text() == "# Title\n"
    assert store.local_path("jobs/a/document.md") == root / "jobs" / "a" / "document.md"


def test_opening_and_reading_create_nothing(store: FileStore, root: Path) -> None:
    assert list(store.list("")) == []
    assert not store.exists("a")
    assert not root.exists()


def test_nothing_temporary_is_left_or_listed(store: FileStore, root: Path) -> None:
    store.put("a/b", b"1")
    store.put_new("a/b", b"2")
    store.put_new("a/c", b"3")
    (root / TEMPORARY / "leftover").write_bytes(b"")

    assert files_below(root) == [".tmp/leftover", "a/b", "a/c"]
    assert list(store.list("")) == ["a/b", "a/c"]
    assert list(store.folders("")) == ["a"]


def test_old_leftovers_of_killed_writers_are_removed(store: FileStore, root: Path) -> None:
    store.put("a", b"")
    for name, age_s in (("old", 100_000), ("new", 0)):
        path = root / TEMPORARY / name
        path.write_bytes(b"")
        os.utime(path, (time.time() - age_s,) * 2)

    store.check()

    assert files_below(root) == [".tmp/new", "a"]


def test_a_writer_killed_at_any_moment_leaves_only_whole_objects(root: Path) -> None:
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED_WRITER, str(root)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            for _ in range(30):
                writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)

        sizes = {path.stat().st_size for path in (root / "jobs").rglob("*.json")}

        assert sizes == {100_000}


@pytest.mark.parametrize("write", ["put", "put_new"])
def test_a_write_returns_after_its_bytes_and_then_its_name_are_on_the_disk(
    store: FileStore, root: Path, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("jobs/a/other", b"")
    done: list[str] = []
    sync, link, replace = os.fsync, os.link, os.replace

    def synced(handle: int) -> None:
        sync(handle)
        status = os.fstat(handle)
        done.append("folder" if stat.S_ISDIR(status.st_mode) else f"{status.st_size} bytes")
        if done[-1] == "folder":
            assert status.st_ino == (root / "jobs" / "a").stat().st_ino

    def named(change: Callable[..., None]) -> Callable[..., None]:
        def noted(*names: Any, **folders: Any) -> None:
            done.append("name")
            change(*names, **folders)

        return noted

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", named(link))
    monkeypatch.setattr(os, "replace", named(replace))
    getattr(store, write)("jobs/a/page", b"x" * 100)

    assert done == ["100 bytes", "name", "folder"]


def test_a_process_that_was_forked_uses_other_temporary_names() -> None:
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=lambda: answers.put(durable_write._names.getrandbits(96)))
    child.start()
    own = durable_write._names.getrandbits(96)

    assert answers.get() != own
    child.join()


def test_a_reader_sees_the_old_object_or_the_new_one(store: FileStore) -> None:
    contents = {b"a" * 300_000, b"b" * 200_000}
    store.put("x", b"a" * 300_000)
    ended = Event()

    def rewrite() -> None:
        while not ended.is_set():
            for content in contents:
                store.put("x", content)

    writer = Thread(target=rewrite)
    writer.start()
    try:
        assert {store.get("x") for _ in range(300)} <= contents
    finally:
        ended.set()
        writer.join()


def test_writing_to_a_folder_while_it_is_emptied_loses_no_object(store: FileStore) -> None:
    ended = Event()

    def empty() -> None:
        while not ended.is_set():
            store.put("jobs/a/other", b"")
            store.delete(["jobs/a/other"])

    cleaner = Thread(target=empty)
    cleaner.start()
    try:
        for number in range(200):
            assert store.put_new("jobs/a/pages/1", f"{number}".encode())
            assert store.get("jobs/a/pages/1") == f"{number}".encode()
            store.delete(["jobs/a/pages/1"])
    finally:
        ended.set()
        cleaner.join()


def test_empty_folders_are_removed_with_their_last_object(store: FileStore, root: Path) -> None:
    store.put("jobs/a/pages/1", b"")
    store.put("jobs/b/x", b"")

    store.delete(store.list("jobs/a/"))

    assert not (root / "jobs" / "a").exists()
    assert (root / "jobs" / "b" / "x").exists()


def test_a_folder_that_is_removed_during_a_listing_is_no_error(store: FileStore) -> None:
    for job in "abc":
        store.put(f"jobs/{job}/x", b"")
    listing = store.list("jobs/")

    assert next(listing) == "jobs/a/x"
    store.delete(["jobs/b/x"])
    assert list(listing) == ["jobs/c/x"]


def test_a_link_out_of_the_store_is_not_followed(
    store: FileStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    store.put("jobs/a/x", b"")
    (root / "jobs" / "evil").symlink_to(tmp_path / "outside")
    (root / "jobs" / "a" / "file").symlink_to(tmp_path / "outside" / "secret")

    assert list(store.list("jobs/")) == ["jobs/a/x"]
    assert not store.exists("jobs/a/file")
    with pytest.raises(NotFound):
        store.get("jobs/a/file")
    for attempt in (
        lambda: store.get("jobs/evil/secret"),
        lambda: store.put("jobs/evil/new", b""),
        lambda: store.put_new("jobs/evil/new", b""),
        lambda: store.put_new("jobs/evil/secret", b""),
        lambda: store.delete(["jobs/evil/secret"]),
        lambda: list(store.list("jobs/evil/")),
    ):
        with pytest.raises(StoreUnreachable, match="symbolic link"):
            attempt()
    assert files_below(tmp_path / "outside") == ["secret"]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = FileStore(tmp_path / "link")

    store.put("a/b", b"x")

    assert store.get("a/b") == b"x"


def test_a_pipe_in_place_of_an_object_does_not_block_a_reader(store: FileStore, root: Path) -> None:
    store.put("a/b", b"")
    os.mkfifo(root / "a" / "pipe")

    with pytest.raises(NotFound):
        store.get("a/pipe")
    assert not store.exists("a/pipe")
    assert list(store.list("")) == ["a/b"]


def test_a_write_over_the_size_limit_leaves_no_partial_file(
    store: FileStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"x" * 500_000)
    store.put("a/old", b"old")
    with limited_file_size(100_000):
        for attempt in (
            lambda: store.put("a/old", b"x" * 500_000),
            lambda: store.put_new("a/new", b"x" * 500_000),
            lambda: store.put_file("a/file", tmp_path / "in", file_digest(tmp_path / "in")),
        ):
            with pytest.raises(StoreUnreachable, match="File too large"):
                attempt()

    assert store.get("a/old") == b"old"
    assert files_below(root) == ["a/old"]


def test_a_full_disk_is_reported_and_leaves_no_partial_file(tiny_disk: Path) -> None:
    store = FileStore(tiny_disk / "store")
    store.put("a/old", b"old")

    for write in (store.put, store.put_new):
        with pytest.raises(StoreUnreachable, match="No space left on device; free some space"):
            write("a/new", b"x" * 1_000_000)

    assert files_below(tiny_disk / "store") == ["a/old"]
    assert store.put_new("a/new", b"small enough")


def test_a_job_can_be_purged_from_a_full_disk(tiny_disk: Path) -> None:
    store = FileStore(tiny_disk)
    ended_job(JobStore(store), [{}, {}])
    with pytest.raises(StoreFull):
        for number in range(100):
            store.put(f"filler/{number}", b"x" * 4096)

    for job_id in list(JobStore(store).job_ids()):
        purge(JobStore(store), job_id)

    assert [*store.list("jobs/"), *store.list("open/")] == []


def test_a_purge_that_dies_on_a_full_disk_is_found_by_its_marker(tiny_disk: Path) -> None:
    store = FileStore(tiny_disk)
    jobs = JobStore(store)
    job_id = ended_job(jobs, [{}, {}]).job_id
    jobs.mark_open(f"{'0' * 16}-{'0' * 8}", 1.0)  # so that there is a folder for markers
    with pytest.raises(StoreFull):
        for number in range(100):
            store.put(f"filler/{number}", b"x" * 4096)

    # The marker, job.json, _DONE, the marker again, the webhook's; then the pages.
    assert SignalledWork(lambda struck: purge(struck, job_id), store, 7).killed()

    assert jobs.manifest(job_id) is None
    assert list(store.list(f"jobs/{job_id}/")) != []
    assert is_half_purged(jobs, job_id)


def test_the_remains_of_a_purge_without_a_marker_are_removed_by_age(tiny_disk: Path) -> None:
    store = FileStore(tiny_disk)
    jobs = JobStore(store)
    manifest = ended_job(jobs, [{}, {}])
    store.delete([f"jobs/{manifest.job_id}/job.json"])

    assert purge_older(jobs, 1) == 1

    assert [*store.list("jobs/"), *store.list("open/")] == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_reported(store: FileStore, root: Path) -> None:
    store.put("a/b", b"x")
    (root / "a").chmod(stat.S_IRUSR)
    try:
        with pytest.raises(StoreUnreachable, match="Permission denied; give this user access"):
            store.get("a/b")
    finally:
        (root / "a").chmod(stat.S_IRWXU)


@pytest.mark.parametrize("folder", ["/proc/pagefleet", "/dev/null/pagefleet"])
def test_a_folder_that_can_not_be_written_is_reported(folder: str) -> None:
    store = FileStore(Path(folder))

    for attempt in (store.check, lambda: store.put("a", b""), lambda: store.put_new("a/b", b"")):
        with pytest.raises(StoreUnreachable, match=f"can't write {folder}.*PAGEFLEET_STORE"):
            attempt()


@settings(deadline=None)  # a loaded machine is no fault of the store
@given(st.sets(KEYS.map("/".join)), st.data())
def test_any_listing_equals_the_sorted_keys(
    tmp_path_factory: pytest.TempPathFactory, wanted: set[str], data: st.DataObject
) -> None:
    keys = {key for key in wanted if not any(other.startswith(key + "/") for other in wanted)}
    root = tmp_path_factory.mktemp("listing")
    for key in keys:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).touch()
    words = [*sorted(keys), "", "a", "a/a", "a0"]
    prefix = data.draw(st.sampled_from(words))
    after = data.draw(st.sampled_from(words))
    limit = data.draw(st.none() | st.integers(0, 5))

    listed = list(FileStore(root).list(prefix, after, limit))

    expected = sorted(key for key in keys if key.startswith(prefix) and key > after)
    assert listed == expected[:limit]


def test_a_listing_of_five_thousand_pages_is_fast(store: FileStore, root: Path) -> None:
    pages = root / "jobs" / "a" / "pages"
    pages.mkdir(parents=True)
    for number in range(5000):
        (pages / f"{number:06d}.json").touch()

    started = time.process_time()
    listed = list(store.list("jobs/a/pages/"))

    assert len(listed) == 5000
    assert time.process_time() - started < 0.5


def test_a_folder_store_does_not_copy(store: FileStore) -> None:
    assert not store.copy_from("s3://bucket/key", "a")
