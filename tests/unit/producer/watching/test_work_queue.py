"""Folders take turns in the work queue, and one bad object delays no other."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from producer.watching.folder_turns import FolderTurns, may_take, top_folder
from producer.watching.places.place import Dropped, Inbox, UnusableName
from producer.watching.work_queue import MAX_WAITING, RETRY_S, WorkQueue
from shared.domain.errors import StoreUnreachable


class Place:
    """An inbox in which every key exists."""

    def stat(self, key: str) -> Dropped:
        """See Inbox."""
        return dropped(key)


def dropped(key: str) -> Dropped:
    return Dropped(key, 1, "mark")


def soon() -> float:
    return time.monotonic() + 0.1


@contextmanager
def working(
    ingest: Callable[[Dropped, float], bool], threads: int = 4, **options: Any
) -> Iterator[tuple[WorkQueue, list[Exception]]]:
    """A queue whose threads run while the block runs, and the errors that it reported."""
    stop, errors = threading.Event(), list[Exception]()
    inbox = cast(Inbox, Place())
    queue = WorkQueue(inbox, ingest, stop, errors.append, threads=threads, **options)
    running = [threading.Thread(target=queue.work, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield queue, errors
    finally:
        stop.set()
        for thread in running:
            thread.join(5)


def test_folders_take_turns_and_urgent_items_come_first_in_their_folder() -> None:
    turns = FolderTurns[str]()
    for item in ("a1", "a2", "a3", "b1"):
        turns.add(item[0], item, is_urgent=False)
    turns.add("a", "a!", is_urgent=True)
    turns.promote("a", "a3")

    taken = [turns.take(lambda _: True) for _ in range(6)]

    assert taken == ["a!", "b1", "a3", "a1", "a2", None]
    assert (turns.urgent, turns.others) == (0, 0)


def test_a_folder_that_may_not_start_keeps_its_items() -> None:
    turns = FolderTurns[str]()
    turns.add("a", "a1", is_urgent=False)
    turns.add("b", "b1", is_urgent=True)

    assert turns.take(lambda folder: folder == "b") == "b1"
    assert turns.take(lambda folder: folder == "b") is None
    assert turns.others_of("a") == 1


@pytest.mark.parametrize("places", [1, 2, 3, 200])
def test_one_folder_leaves_places_to_another(places: int) -> None:
    own = 0
    while may_take(own, own, places):
        own += 1

    assert own == (places + 1) // 2
    assert places == 1 or may_take(0, own, places)


@pytest.mark.parametrize(("key", "folder"), [("x.pdf", ""), ("a/x.pdf", "a"), ("a/b/x", "a")])
def test_a_key_belongs_to_its_top_level_folder(key: str, folder: str) -> None:
    assert top_folder(key) == folder


def test_slow_items_of_one_folder_leave_threads_to_others() -> None:
    release, done = threading.Event(), threading.Event()

    def ingest(item: Dropped, _: float) -> bool:
        if item.key.startswith("slow/"):
            release.wait(10)
        else:
            done.set()
        return True

    with working(ingest) as (queue, _):
        for number in range(20):
            queue.add_scanned(dropped(f"slow/{number}"), soon())
            queue.add_event(f"slow/event {number}")
        queue.add_scanned(dropped("other/x"), soon())
        assert done.wait(5)
        release.set()


def test_a_folder_without_room_holds_no_thread() -> None:
    handled: list[str] = []

    def ingest(item: Dropped, _: float) -> bool:
        handled.append(item.key)
        return True

    with working(ingest, has_room=lambda folder, *_: folder != "full") as (queue, _):
        for number in range(20):
            queue.add_scanned(dropped(f"full/{number}"), soon())
        assert queue.add_event("other/x").result(5)
    assert handled == ["other/x"]


def test_a_scan_leaves_out_objects_of_a_full_folder_and_goes_on() -> None:
    queue = WorkQueue(cast(Inbox, Place()), lambda *_: True, threading.Event(), lambda _: None)
    added = [queue.add_scanned(dropped(f"full/{n}"), 0.0) for n in range(MAX_WAITING)]

    assert added.count(True) == MAX_WAITING // 2
    assert queue.add_scanned(dropped("other/x"), 0.0)


def test_keys_that_can_not_be_used_are_refused_without_a_pause() -> None:
    def ingest(item: Dropped, _: float) -> bool:
        raise UnusableName(item.key)

    started = time.monotonic()
    with working(ingest, threads=1) as (queue, errors):
        results = [queue.add_event(f"{number}") for number in range(20)]
        assert all(isinstance(each.exception(10), UnusableName) for each in results)
    assert time.monotonic() - started < RETRY_S
    assert len(errors) == 20


def test_an_outage_asks_for_another_attempt() -> None:
    failures: Sequence[Exception] = [StoreUnreachable("no answer")]
    remaining = list(failures)

    def ingest(*_: object) -> bool:
        if remaining:
            raise remaining.pop()
        return True

    with working(ingest, threads=1) as (queue, errors):
        assert queue.add_event("x").result(10) is False
        assert queue.add_event("x").result(10) is True
    assert errors == failures
