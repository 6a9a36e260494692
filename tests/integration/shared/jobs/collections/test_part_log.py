"""Rows of a collection survive joining, also where a reader or a second writer is at work."""

import itertools
import time
from collections.abc import Iterable, Sequence
from types import SimpleNamespace

import pytest

from shared.domain.collections.folding import latest_ends
from shared.domain.collections.names import ends_prefix, joins_prefix, members_prefix
from shared.domain.collections.records import End, EndsPart, Member, MembersPart
from shared.domain.records.base import to_json
from shared.jobs.collections import collection_store, part_log
from shared.jobs.collections.collection_store import CollectionStore, join_ends, join_members
from shared.jobs.collections.part_log import MANY, PartLog, PartsJoined
from shared.storage.store import ObjectStore


def job_id(number: int) -> str:
    return f"{number:032x}-{0:016x}"


def member(number: int, name: str = "a.pdf") -> Member:
    return Member(f"{number:032x}", f"in/{name}", name, None, job_id(number), 1, None, None)


def end(number: int, at: float, **values: object) -> End:
    plain = {"status": "ok", "ok": 1, "blank": 0, "failed": 0, "worker_s": 0.5, **values}
    return End(job_id(number), at, **plain)  # type: ignore[arg-type]


def names(parts: Iterable[MembersPart]) -> dict[str, str]:
    return {row.key: row.name for part in parts for row in part.rows()}


def members_log(store: ObjectStore, full: int = 5_000) -> PartLog[MembersPart]:
    return PartLog(store, members_prefix("c"), MembersPart, full)


def test_joining_keeps_every_row_and_the_last_of_each_document(any_store: ObjectStore) -> None:
    log = members_log(any_store)
    for number in range(MANY):
        log.append(MembersPart.of([member(number), member(0, f"{number}.pdf")]))
    expected = names(log.parts())

    log.join(join_members)

    assert len(list(any_store.list(members_prefix("c")))) == 1
    assert names(log.parts()) == expected
    assert expected[f"{0:032x}"] == f"{MANY - 1}.pdf"


def test_rows_of_one_writer_keep_their_order_in_one_millisecond(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = members_log(file_store)
    monkeypatch.setattr(part_log, "time", SimpleNamespace(time=lambda: 1_000_000.0))
    for number in range(MANY):
        log.append(MembersPart.of([member(0, f"{number}.pdf")]))

    assert [part.name for part in log.parts()] == [(f"{n}.pdf",) for n in range(MANY)]


def test_full_parts_stay_as_they_are(file_store: ObjectStore) -> None:
    log = members_log(file_store, full=2)
    log.append(MembersPart.of([member(1000), member(1001), member(1002)]))
    (full,) = file_store.list(members_prefix("c"))
    for number in range(MANY):
        log.append(MembersPart.of([member(number)]))

    log.join(join_members)

    keys = list(file_store.list(members_prefix("c")))
    assert keys[0] == full
    assert len(keys) == 1 + MANY // 2
    assert len(names(log.parts())) == 3 + MANY


def test_a_reader_whose_part_was_joined_meanwhile_starts_again(file_store: ObjectStore) -> None:
    log = members_log(file_store)
    for number in range(MANY):
        log.append(MembersPart.of([member(number)]))
    reading = log.stream()
    next(reading)
    log.join(join_members)

    with pytest.raises(PartsJoined):
        list(reading)

    assert len(names(log.parts())) == MANY


def test_the_latest_event_of_a_job_counts_in_any_order(file_store: ObjectStore) -> None:
    log = PartLog(file_store, ends_prefix("c"), EndsPart)
    again = end(1, 30, status="ok", ok=2, worker_s=None)
    for events in ([end(1, 10, status="partial")], [again], [end(1, 20, status="open")]):
        log.append(EndsPart.of(events))
    for number in range(MANY):
        log.append(EndsPart.of([end(2, number)]))

    before = latest_ends(log.parts())
    log.join(join_ends)

    assert before[job_id(1)].status == "ok"
    assert before[job_id(1)].ok == 2
    assert latest_ends(log.parts()) == before


def test_worker_seconds_are_kept_where_a_later_writer_does_not_know_them() -> None:
    parts = [EndsPart.of([end(1, 10, worker_s=7.0)]), EndsPart.of([end(1, 11, worker_s=None)])]

    assert latest_ends(parts)[job_id(1)].worker_s == 7.0


DAMAGED = [b"", b"[]", b'{"schema":1,"job_id":["x"]}', b'{"schema":2}', b"{" + b" " * 300_000]
FORGED_KEY = f"{0:013d}-{0:012x}-1.json"


@pytest.mark.parametrize("data", [*DAMAGED, to_json(MembersPart.of([member(8), member(9)]))])
def test_a_damaged_part_of_documents_is_a_refused_document(
    file_store: ObjectStore, data: bytes
) -> None:
    collection = CollectionStore(file_store, "c")
    collection.members.append(MembersPart.of([member(1)]))
    key = members_prefix("c") + FORGED_KEY
    file_store.put(key, data)

    for documents in (collection.members, collection.member_counts):
        forged, good = documents.parts()
        assert forged.job_id == (None,)
        assert good.job_id == (job_id(1),)
    (row,) = collection.members.parts()[0].rows()
    assert (row.input, row.code) == (key, "corrupt")
    assert key in (row.message or "")


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_part_of_ends_has_no_rows_and_is_never_joined(
    file_store: ObjectStore, data: bytes
) -> None:
    log = PartLog(file_store, ends_prefix("c"), EndsPart)
    key = ends_prefix("c") + FORGED_KEY
    file_store.put(key, data)
    for number in range(MANY):
        log.append(EndsPart.of([end(number, number)]))

    log.join(join_ends)

    assert [len(part) for part in log.parts()] == [0, MANY]
    assert file_store.get(key) == data


def test_a_slow_process_that_joins_brings_no_old_row_back(file_store: ObjectStore) -> None:
    slow, fast = members_log(file_store), members_log(file_store)
    for number in range(MANY):
        slow.append(MembersPart.of([member(0, f"{number}.pdf"), member(number + 1)]))
    later = itertools.count(1)

    def join_after_others(parts: Sequence[MembersPart]) -> MembersPart:
        fast.join(join_members)
        for number in range(MANY):
            at = int(time.time() * 1000) + 2000 * next(later)
            key = f"{members_prefix('c')}{at:013d}-{number:012x}-1.json"
            file_store.put(key, to_json(MembersPart.of([member(0, f"new{number}.pdf")])))
        fast.join(join_members)
        return join_members(parts)

    slow.join(join_after_others)

    for _ in range(2):
        assert names(fast.parts())[f"{0:032x}"] == f"new{MANY - 1}.pdf"
        assert len(list(file_store.list(members_prefix("c")))) == 2


def test_a_process_that_finds_only_the_rest_of_a_group_joins_nothing(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = members_log(file_store)
    for number in range(MANY):
        log.append(MembersPart.of([member(0, f"{number}.pdf"), member(number + 1)]))
    listed = log._keys()
    file_store.delete(listed[MANY // 2 :])
    monkeypatch.setattr(log, "_keys", lambda: listed)

    log.join(join_members)

    assert len(list(file_store.list(members_prefix("c")))) == MANY // 2


def test_columns_of_different_lengths_are_refused() -> None:
    even = EndsPart.of([end(1, 1), end(2, 2)]).model_dump(by_alias=True)

    with pytest.raises(ValueError, match="different lengths"):
        EndsPart.model_validate({**even, "at": (1.0,)})


def test_processes_take_turns_to_join_ends(
    any_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(collection_store, "time", SimpleNamespace(time=lambda: now))
    one, other = (CollectionStore(any_store, "c") for _ in range(2))

    def parts_after_join(collection: CollectionStore) -> int:
        for number in range(MANY):
            collection.ends.append(EndsPart.of([end(number, number)]))
        collection.join_ends_in_turn()
        return len(list(any_store.list(ends_prefix("c"))))

    assert parts_after_join(one) == 1
    assert parts_after_join(other) == 1 + MANY
    now += collection_store.TURN_S
    assert parts_after_join(other) == 1
    assert len(list(any_store.list(joins_prefix("c")))) == 1
