"""Documents are downloaded once, verified, and evicted when space is needed."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from shared.domain.errors import CorruptDocument, NotFound, StoreUnreachable
from shared.storage.store import ObjectStore
from tests.support.fleets.remote_store import MEGABYTE, RemoteStore, cached, stored
from workers.pipeline.source_cache import SourceCache


def test_a_document_in_a_local_store_is_read_in_place(
    file_store: ObjectStore, folder: Path
) -> None:
    document = stored(file_store, "a")

    with SourceCache(file_store, folder, MEGABYTE).fetch(*document) as path:
        assert path == file_store.local_path(document[0])
    assert not folder.exists()


def test_a_document_in_a_local_store_that_was_replaced_is_refused(
    file_store: ObjectStore, folder: Path
) -> None:
    document = stored(file_store, "a")
    cache = SourceCache(file_store, folder, MEGABYTE)
    with cache.fetch(*document):
        pass

    file_store.put(document[0], b"b" * MEGABYTE)

    with pytest.raises(CorruptDocument, match="not the document"), cache.fetch(*document):
        pass


def test_a_document_in_a_remote_store_is_fetched_once(
    remote: RemoteStore, cache: SourceCache
) -> None:
    document = stored(remote, "a")

    for _ in range(3):
        with cache.fetch(*document) as path:
            assert path.read_bytes() == b"a" * MEGABYTE
            assert path.suffix == ".pdf"

    assert remote.downloads == ["jobs/a/source.pdf"]


def test_a_document_in_s3_is_fetched(s3_store: ObjectStore, folder: Path) -> None:
    document = stored(s3_store, "a")

    with SourceCache(s3_store, folder, MEGABYTE).fetch(*document) as path:
        assert path.read_bytes() == b"a" * MEGABYTE


def test_two_jobs_with_the_same_content_share_it(remote: RemoteStore, cache: SourceCache) -> None:
    document = stored(remote, "a")
    remote.put("jobs/b/source.pdf", remote.get(document[0]))

    with (
        cache.fetch(*document) as first,
        cache.fetch("jobs/b/source.pdf", *document[1:]) as second,
    ):
        assert first == second
    assert remote.downloads == [document[0]]


def test_many_threads_that_need_one_document_fetch_it_once(tmp_path: Path, folder: Path) -> None:
    remote = RemoteStore(tmp_path / "store", delay_s=0.2)
    document, cache, start = stored(remote, "a"), SourceCache(remote, folder, MEGABYTE), Barrier(16)

    def read(_: int) -> bytes:
        start.wait()
        with cache.fetch(*document) as path:
            return path.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(read, range(16))) == {b"a" * MEGABYTE}
    assert len(remote.downloads) == 1


def test_a_download_of_a_killed_process_is_fetched_again(
    remote: RemoteStore, cache: SourceCache, folder: Path
) -> None:
    document = stored(remote, "a")
    folder.mkdir()
    mine = folder / f".{document[1]}.pdf.0123"
    other = folder / f"..{'0' * 64}.pdf.0123.4567"
    for leftover in (mine, other):
        leftover.write_bytes(b"part")

    with cache.fetch(*document) as path:
        assert path.read_bytes() == b"a" * MEGABYTE
    assert cached(folder) == {path.name}


def test_the_least_recently_used_document_is_evicted_first(
    remote: RemoteStore, cache: SourceCache, folder: Path
) -> None:
    documents = {name: stored(remote, name) for name in "abc"}
    for age_s, name in ((300, "a"), (200, "b")):
        with cache.fetch(*documents[name]) as path:
            pass
        os.utime(path, (time.time() - age_s,) * 2)
    with cache.fetch(*documents["a"]):
        pass  # used again: now "b" is the oldest

    with cache.fetch(*documents["c"]):
        pass

    assert cached(folder) == {f"{documents[name][1]}.pdf" for name in "ac"}


def test_the_cache_stays_within_its_bytes(
    remote: RemoteStore, cache: SourceCache, folder: Path
) -> None:
    for number in range(8):
        with cache.fetch(*stored(remote, str(number), 700_000)):
            pass

        assert sum(path.stat().st_size for path in folder.glob("*.pdf")) <= 2 * MEGABYTE + 1


def test_documents_in_use_stay_even_over_the_limit(remote: RemoteStore, folder: Path) -> None:
    cache = SourceCache(remote, folder, 0)
    with cache.fetch(*stored(remote, "a")) as first, cache.fetch(*stored(remote, "b")) as second:
        assert first.read_bytes() == b"a" * MEGABYTE
        assert second.read_bytes() == b"b" * MEGABYTE

    assert cached(folder) == set()


def test_a_document_with_other_content_is_refused_after_a_second_download(
    remote: RemoteStore, cache: SourceCache, folder: Path
) -> None:
    document = stored(remote, "a")
    remote.put(document[0], b"b" * MEGABYTE)

    with (
        pytest.raises(CorruptDocument, match="is not the document that was submitted"),
        cache.fetch(*document),
    ):
        pass

    assert len(remote.downloads) == 2
    assert cached(folder) == set()


def test_a_local_document_of_another_size_is_refused(file_store: ObjectStore, folder: Path) -> None:
    document = stored(file_store, "a")
    file_store.put(document[0], b"shorter")

    with pytest.raises(CorruptDocument), SourceCache(file_store, folder, 0).fetch(*document):
        pass


def test_a_file_truncated_by_a_power_loss_is_fetched_again(
    remote: RemoteStore, cache: SourceCache
) -> None:
    document = stored(remote, "a")
    with cache.fetch(*document) as path:
        pass
    os.truncate(path, 0)

    with cache.fetch(*document) as path:
        assert path.read_bytes() == b"a" * MEGABYTE


def test_a_missing_source_is_not_found(
    remote: RemoteStore, cache: SourceCache, file_store: ObjectStore, folder: Path
) -> None:
    for somewhere in (cache, SourceCache(file_store, folder, MEGABYTE)):
        with pytest.raises(NotFound), somewhere.fetch("jobs/x/source.pdf", "0" * 64, "pdf", 1):
            pass


@pytest.mark.parametrize(
    ("sha256", "ext"), [("../x", "pdf"), ("0" * 63, "pdf"), ("0" * 64, "p/f"), ("0" * 64, "")]
)
def test_a_manifest_can_not_choose_a_path(cache: SourceCache, sha256: str, ext: str) -> None:
    with pytest.raises(CorruptDocument), cache.fetch("jobs/a/source.pdf", sha256, ext, 1):
        pass


def test_a_folder_that_can_not_be_created_is_reported(remote: RemoteStore) -> None:
    cache = SourceCache(remote, Path("/proc/pagefleet"), MEGABYTE)

    with (
        pytest.raises(StoreUnreachable, match="/proc/pagefleet"),
        cache.fetch(*stored(remote, "a")),
    ):
        pass


def test_a_failure_of_the_reader_frees_the_document(remote: RemoteStore, folder: Path) -> None:
    cache = SourceCache(remote, folder, 0)

    with pytest.raises(ZeroDivisionError), cache.fetch(*stored(remote, "a")):
        raise ZeroDivisionError

    assert cached(folder) == set()


def test_a_cached_document_costs_little_cpu_time(remote: RemoteStore, cache: SourceCache) -> None:
    document = stored(remote, "a")
    with cache.fetch(*document):
        pass

    started = time.process_time()
    for _ in range(1000):
        with cache.fetch(*document):
            pass

    assert time.process_time() - started < 0.5
