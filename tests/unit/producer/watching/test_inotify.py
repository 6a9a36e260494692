"""Folder events watch the real folders of the inbox and nothing else."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from producer.watching.triggers import inotify
from producer.watching.triggers.folder_events import _watch_files
from producer.watching.triggers.inotify import Inotify, opened, watch_folder
from tests.support.deep_folders import nested, remove_deep
from tests.support.fleets.fleet import wait_until

pytestmark = pytest.mark.skipif(not inotify.is_supported(), reason="needs inotify")


def watches(watched: Inotify) -> int:
    """How many watches the kernel has placed."""
    lines = Path(f"/proc/self/fdinfo/{watched._handle}").read_text().splitlines()
    return sum(line.startswith("inotify ") for line in lines)


def big_tree(root: Path, folders: int = 200) -> None:
    for number in range(folders):
        (root / f"{number}" / "deep").mkdir(parents=True)


@contextmanager
def watching(root: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Yields the keys and the warnings of a watch that runs while the block runs."""
    stop, keys, warnings = threading.Event(), list[str](), list[str]()

    def run() -> None:
        for key in watch_folder(root, stop.is_set, lambda error: warnings.append(str(error))):
            keys.append(key)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    (root / "first.pdf").write_bytes(b"x")
    wait_until(lambda: "first.pdf" in keys, 10)
    try:
        yield keys, warnings
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def test_no_watch_is_placed_behind_a_symbolic_link(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    (root / "a").mkdir(parents=True)
    big_tree(elsewhere)
    (root / "link").symlink_to(elsewhere)
    (root / "a" / "loop").symlink_to(root)

    with opened(root) as watched:
        assert list(watched.add_below("")) == []
        assert watches(watched) == 2
        (root / "later").symlink_to(elsewhere)
        (root / "a" / "new").mkdir()
        for _ in range(3):
            list(watched.changes())
        assert watches(watched) == 3


def test_files_are_reported_in_new_moved_and_renamed_folders(tmp_path: Path) -> None:
    root, outside = tmp_path / "inbox", tmp_path / "outside"
    root.mkdir()
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "was there.pdf").write_bytes(b"x")

    with watching(root) as (keys, _):
        (root / "a" / "b").mkdir(parents=True)
        (root / "a" / "b" / "new.pdf").write_bytes(b"x")
        wait_until(lambda: "a/b/new.pdf" in keys, 10)
        outside.rename(root / "moved")
        wait_until(lambda: "moved/deep/was there.pdf" in keys, 10)
        (root / "a").rename(root / "c")
        wait_until(lambda: "c/b/new.pdf" in keys, 10)
        (root / "c" / "b" / "last.pdf").write_bytes(b"x")
        wait_until(lambda: "c/b/last.pdf" in keys, 10)
        (root / "c").rename(tmp_path / "gone")
        (root / "seen.pdf").write_bytes(b"x")
        wait_until(lambda: "seen.pdf" in keys, 10)
        (tmp_path / "gone" / "b" / "outside.pdf").write_bytes(b"x")
        (root / "end.pdf").write_bytes(b"x")
        wait_until(lambda: "end.pdf" in keys, 10)

    assert not [key for key in keys if "outside.pdf" in key]


def test_other_systems_report_new_files_and_files_of_new_folders(tmp_path: Path) -> None:
    stop, keys = threading.Event(), list[str]()
    watch = _watch_files(tmp_path, stop.is_set, lambda _: None)
    thread = threading.Thread(target=lambda: keys.extend(watch), daemon=True)
    thread.start()
    seen = list[str]()

    def drop() -> bool:
        (tmp_path / "a" / "b").mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / "b" / "x.pdf").write_bytes(b"x")
        seen[:] = keys
        return "a/b/x.pdf" in seen

    wait_until(drop, 20)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_folders_above_the_limit_are_left_to_polling_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "MAX_WATCHES", 3)
    root = tmp_path / "inbox"
    big_tree(root, 10)

    with watching(root) as (keys, warnings):
        (root / "x.pdf").write_bytes(b"x")
        wait_until(lambda: "x.pdf" in keys, 10)

    assert "polling covers the other folders" in warnings[0]


def odd_names(root: Path) -> None:
    (root / os.fsdecode(b"\xff")).mkdir()
    (root / os.fsdecode(b"\xff.pdf")).write_bytes(b"x")
    (root / ("n" * 255)).mkdir()


@pytest.mark.parametrize("make", [lambda root: nested(root, 1200), odd_names], ids=["deep", "odd"])
def test_hostile_folders_do_not_end_the_notifications(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    (tmp_path / "before").mkdir()
    make(tmp_path / "before")

    with watching(tmp_path) as (keys, _):
        (tmp_path / "after").mkdir()
        make(tmp_path / "after")
        (tmp_path / "x.pdf").write_bytes(b"x")
        wait_until(lambda: "x.pdf" in keys, 10)
    for folder in ("before", "after"):
        remove_deep(tmp_path / folder)
