"""The contract of every store, tested on a folder and on a real S3 service."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from shared.config.settings import Settings, as_environment
from shared.domain import object_keys
from shared.domain.errors import NotADocument, NotFound, StoreUnreachable, TooLarge, UsageError
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store, open_uri
from shared.storage.s3_address import split_s3
from shared.storage.store import ObjectStore
from tests.unit.shared.domain.test_object_keys import HOSTILE_KEYS

SettingsFactory = Callable[..., Settings]
THREADS = 12
PROCESSES = 4
#: Waits for a line, so that all racers start together, then prints the keys that it created.
RACER = """\
import sys
from shared.config.settings import load_settings
from shared.storage.factory import open_store
store, me = open_store(load_settings()), sys.argv[1].encode()
store.exists("race/warm-up")
print("ready", flush=True)
sys.stdin.readline()
print(*[n for n in range(8) if store.put_new(f"race/{n}", me)])
"""

NO_STORES = [
    "",
    "store",
    "/absolute",
    "http://host/x",
    "s3://",
    "s3:///key",
    "s3://bu_cket?/x",
    "s3://bucket@evil/x",
    "file://host/x",
    "file:relative",
    "file:///a%00b",
]


def fill(store: ObjectStore, names: list[str]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: store.put(name, name.encode()), names))


def test_an_object_comes_back_as_it_was_last_written(any_store: ObjectStore) -> None:
    any_store.put("jobs/a/job.json", b"first")
    any_store.put("jobs/a/job.json", b"\x00second\xff")

    assert any_store.get("jobs/a/job.json") == b"\x00second\xff"
    assert any_store.size("jobs/a/job.json") == 8
    assert any_store.exists("jobs/a/job.json")


def test_an_empty_object_is_an_object(any_store: ObjectStore) -> None:
    any_store.put("jobs/a/_NOTIFIED", b"")

    assert any_store.exists("jobs/a/_NOTIFIED")
    assert any_store.get("jobs/a/_NOTIFIED") == b""


def test_a_missing_object_is_not_found(any_store: ObjectStore, tmp_path: Path) -> None:
    any_store.put("a/b", b"x")

    for key in ("a/c", "a", "c/d", "a/b/c"):
        assert not any_store.exists(key)
        with pytest.raises(NotFound):
            any_store.get(key)
        with pytest.raises(NotFound):
            any_store.size(key)
        with pytest.raises(NotFound):
            any_store.download(key, tmp_path / "out")
    assert list(tmp_path.glob("*out*")) == []


def test_an_object_over_the_limit_is_not_read(any_store: ObjectStore) -> None:
    any_store.put("a", b"12345")

    assert any_store.get("a", 5) == b"12345"
    with pytest.raises(TooLarge, match="5 bytes; at most 4"):
        any_store.get("a", 4)


def test_the_first_of_two_creations_stays(any_store: ObjectStore) -> None:
    assert any_store.put_new("jobs/a/_DONE", b"first")
    assert not any_store.put_new("jobs/a/_DONE", b"second")

    assert any_store.get("jobs/a/_DONE") == b"first"


def test_a_creation_may_follow_a_deletion(any_store: ObjectStore) -> None:
    any_store.put_new("jobs/a/_DONE", b"first")
    any_store.delete(["jobs/a/_DONE"])

    assert any_store.put_new("jobs/a/_DONE", b"second")
    assert any_store.get("jobs/a/_DONE") == b"second"


def test_of_twelve_racing_threads_exactly_one_creates(any_store: ObjectStore) -> None:
    for number in range(2):
        start, key = Barrier(THREADS), f"jobs/a/pages/{number:06d}.json"

        def race(me: int, start: Barrier = start, key: str = key) -> bool:
            start.wait()
            return any_store.put_new(key, f"{me}".encode() * 3000)

        with ThreadPoolExecutor(THREADS) as pool:
            won = list(pool.map(race, range(THREADS)))

        assert won.count(True) == 1
        assert any_store.get(key) == f"{won.index(True)}".encode() * 3000


def test_of_four_racing_processes_exactly_one_creates(store_settings: SettingsFactory) -> None:
    settings = store_settings(store=store_settings().store_url)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, f"racer-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=as_environment(settings),
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    wins = [racer.communicate(timeout=60)[0].split() for racer in racers]

    assert sorted(int(n) for won in wins for n in won) == list(range(8))
    store = open_store(settings)
    for number, won in enumerate(wins):
        assert {store.get(f"race/{n}") for n in won} <= {f"racer-{number}".encode()}


def test_a_listing_is_sorted_and_can_be_resumed(any_store: ObjectStore) -> None:
    object_keys = [f"jobs/a/pages/{number:06d}.json" for number in (3, 1, 2, 12, 999999, 1000000)]
    fill(any_store, [*object_keys, "jobs/a/job.json", "jobs/b/pages/000001.json", "open/a"])

    pages = list(any_store.list("jobs/a/pages/"))

    assert pages == sorted(object_keys)
    assert list(any_store.list("jobs/a/pages/00000")) == sorted(object_keys)[:3]
    assert list(any_store.list("jobs/a/pages/", limit=2)) == pages[:2]
    assert list(any_store.list("jobs/a/pages/", start_after=pages[1], limit=2)) == pages[2:4]
    assert list(any_store.list("jobs/a/pages/", start_after=pages[-1])) == []
    assert list(any_store.list("nothing/")) == []


def test_a_listing_crosses_folders(any_store: ObjectStore) -> None:
    object_keys = ["jobs/a/_DONE", "jobs/a/job.json", "jobs/a/pages/000001.json", "jobs/b/job.json"]
    fill(any_store, [*object_keys, "open/a"])

    assert list(any_store.list("jobs/")) == object_keys
    assert list(any_store.list("")) == [*object_keys, "open/a"]
    assert list(any_store.list("", start_after="jobs/a/job.json")) == [*object_keys[2:], "open/a"]
    assert list(any_store.list("jobs/", start_after="jobs/a0")) == ["jobs/b/job.json"]


def test_folders_are_listed_without_their_contents(any_store: ObjectStore) -> None:
    fill(any_store, ["jobs/a/job.json", "jobs/a/pages/1.json", "jobs/a-2/x", "jobs/file", "x"])

    assert sorted(any_store.folders("jobs/")) == ["a", "a-2"]
    assert list(any_store.folders("")) == ["jobs"]
    assert list(any_store.folders("nothing/")) == []


def test_a_long_listing_and_a_large_deletion_need_several_requests(any_store: ObjectStore) -> None:
    object_keys = [f"jobs/a/pages/{number:06d}.json" for number in range(1, 1052)]
    fill(any_store, object_keys)

    assert list(any_store.list("jobs/a/")) == object_keys
    assert list(any_store.list("jobs/a/", limit=1020)) == object_keys[:1020]

    any_store.delete(any_store.list("jobs/a/"))

    assert list(any_store.list("")) == []


def test_deleting_a_missing_object_is_no_error(any_store: ObjectStore) -> None:
    any_store.put("jobs/a/x", b"")

    any_store.delete(["jobs/a/y", "jobs/b/z", "jobs/a/x/below", "jobs/a/x", "jobs/a/x"])
    any_store.delete([])

    assert list(any_store.list("")) == []


def test_a_big_file_is_stored_and_downloaded_unchanged(
    any_store: ObjectStore, tmp_path: Path
) -> None:
    data = os.urandom(1 << 20) * 20
    (tmp_path / "in").write_bytes(data)

    any_store.put_file("jobs/a/source.pdf", tmp_path / "in", hashlib.sha256(data).hexdigest())
    any_store.download("jobs/a/source.pdf", tmp_path / "out")

    assert any_store.size("jobs/a/source.pdf") == len(data)
    assert hashlib.sha256((tmp_path / "out").read_bytes()).digest() == hashlib.sha256(data).digest()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["in", "out"]


def test_a_file_without_the_expected_digest_is_refused(
    any_store: ObjectStore, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"forged")
    any_store.put("jobs/a/source.pdf", b"genuine")

    with pytest.raises(NotADocument, match="changed while it was stored"):
        any_store.put_file(
            "jobs/a/source.pdf", tmp_path / "in", hashlib.sha256(b"genuine").hexdigest()
        )

    assert any_store.get("jobs/a/source.pdf") == b"genuine"


def test_a_download_replaces_an_existing_file(any_store: ObjectStore, tmp_path: Path) -> None:
    any_store.put("a", b"new")
    (tmp_path / "out").write_bytes(b"old and longer")

    any_store.download("a", tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == b"new"


def test_a_download_to_a_missing_folder_names_the_path(
    any_store: ObjectStore, tmp_path: Path
) -> None:
    any_store.put("a", b"new")

    with pytest.raises(StoreUnreachable, match="nowhere"):
        any_store.download("a", tmp_path / "nowhere" / "out")


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_hostile_keys_touch_nothing(any_store: ObjectStore, tmp_path: Path, key: str) -> None:
    (tmp_path / "in").write_bytes(b"x")
    calls: list[Callable[[], object]] = [
        lambda: any_store.get(key),
        lambda: any_store.put(key, b""),
        lambda: any_store.put_new(key, b""),
        lambda: any_store.put_file(key, tmp_path / "in", hashlib.sha256(b"x").hexdigest()),
        lambda: any_store.download(key, tmp_path / "out"),
        lambda: any_store.local_path(key),
        lambda: any_store.exists(key),
        lambda: any_store.size(key),
        lambda: any_store.delete([key]),
        lambda: any_store.copy_from("s3://other/x", key),
    ]
    if not any_store.url.startswith("s3:"):
        calls.pop()  # a folder never copies

    for call in calls:
        with pytest.raises(UsageError):
            call()


@pytest.mark.parametrize("prefix", ["../", "/", "a/../../", "a//b", ".tmp/"])
def test_hostile_prefixes_list_nothing(any_store: ObjectStore, prefix: str) -> None:
    any_store.check()

    with pytest.raises(UsageError):
        list(any_store.list(prefix))
    with pytest.raises(UsageError):
        list(any_store.folders(prefix))


def test_the_check_of_a_working_store_passes(any_store: ObjectStore) -> None:
    any_store.check()

    assert list(any_store.list("")) == []


@pytest.mark.parametrize("address", NO_STORES)
def test_an_invalid_address_is_refused(settings: SettingsFactory, address: str) -> None:
    with pytest.raises(UsageError):
        open_uri(address, settings())


def test_the_url_of_a_store_opens_the_same_store(store_settings: SettingsFactory) -> None:
    store = open_store(store_settings())
    store.put("a/ü b", b"x")

    assert open_uri(store.url, store_settings()).get("a/ü b") == b"x"


def test_keys_of_s3_addresses_are_taken_literally() -> None:
    assert split_s3("s3://bucket/a/b%20c#d?e/") == ("bucket", "a/b%20c#d?e/")
    assert split_s3("s3://my-bucket.x") == ("my-bucket.x", "")


def test_all_jobs_are_listed_including_numbered_ones(any_store: ObjectStore) -> None:
    first = "0123456789abcdef-01234567"
    jobs = [first, f"{first}-2", f"{first}-10", "0123456789abcdef-01234568"]
    fill(any_store, [object_keys.manifest(job) for job in jobs])
    fill(any_store, [object_keys.done(job) for job in jobs])
    fill(any_store, ["jobs/not-a-job/x", "jobs/README"])

    assert sorted(JobStore(any_store).job_ids()) == sorted(jobs)
