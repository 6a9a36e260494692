"""A stored claim counts only for its own key, version and options."""

from pathlib import Path

import pytest

from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.state import WatchState
from shared.domain.records.base import to_json
from shared.storage.store import ObjectStore
from shared.storage.store_file import FileStore
from tests.support.old_watch_state import old_digest, write_old_claim

WATCH = "0123456789abcdef" * 2
OPTIONS = old_digest("options", 32)
CLAIM = KeyClaim(key="a/x.pdf", version="v1", size=3, options=OPTIONS, outcome="ok")
OLD = CLAIM.model_copy(update={"options": OPTIONS[:12]})


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    """An empty store."""
    return FileStore(tmp_path)


@pytest.fixture
def state(store: ObjectStore) -> WatchState:
    """The state of one watch in it."""
    return WatchState(store, WATCH)


def names(store: ObjectStore) -> list[str]:
    return list(store.list("watch/"))


def test_new_names_have_128_bits_of_watch_key_and_version(
    store: ObjectStore, state: WatchState
) -> None:
    state.claim(CLAIM)

    (name,) = names(store)
    folder, (key, version) = name.split("/")[1], name.rpartition("/")[2].split("-")
    assert [len(folder), len(key), len(version)] == [32, 32, 32]
    assert list(state.digests()) == [(key, version)]
    assert state.stored_claim(CLAIM) == CLAIM


@pytest.mark.parametrize(
    "change", [{"key": "a/y.pdf"}, {"version": "v2"}, {"options": ""}, {"options": "0" * 32}]
)
def test_a_claim_of_something_else_under_the_same_name_does_not_count(
    store: ObjectStore, state: WatchState, change: dict[str, str]
) -> None:
    state.claim(CLAIM)
    (name,) = names(store)
    store.put(name, to_json(CLAIM.model_copy(update=change)))

    assert state.stored_claim(CLAIM) is None


def test_a_claim_of_the_old_form_is_found_and_replaced(store: ObjectStore) -> None:
    write_old_claim(store, WATCH, OLD, is_open=False)
    state = WatchState(store, WATCH)

    assert list(state.digests()) == []
    assert state.stored_claim(CLAIM) == CLAIM
    assert list(state.digests()) == [(CLAIM.key_digest, CLAIM.version_digest)]
    assert len(names(store)) == 1


@pytest.mark.parametrize(
    "change", [{"key": "a/y.pdf"}, {"version": "v2"}, {"options": "0" * 12}, {"options": ""}]
)
def test_an_old_claim_with_a_colliding_name_does_not_count(
    store: ObjectStore, change: dict[str, str]
) -> None:
    write_old_claim(store, WATCH, OLD, is_open=False)
    (name,) = names(store)
    store.put(name, to_json(OLD.model_copy(update=change)))

    assert WatchState(store, WATCH).stored_claim(CLAIM) is None


def test_an_open_claim_of_the_old_form_is_found_and_removed(store: ObjectStore) -> None:
    write_old_claim(store, WATCH, OLD, is_open=True)
    state = WatchState(store, WATCH)

    (digest,) = state.open_keys()
    assert state.open_claim(digest) == OLD
    assert state.open_claim(CLAIM.key_digest) == OLD
    state.update(CLAIM)
    state.release_older(CLAIM)
    state.remove_open(CLAIM)
    assert list(state.open_keys()) == []
    assert names(store) == [f"watch/{WATCH}/claims/{CLAIM.key_digest[:2]}/"
                            f"{CLAIM.key_digest}-{CLAIM.version_digest}"]  # fmt: skip
