from shared.store import ObjectStore


def test_an_object_comes_back_as_it_was_written(any_store: ObjectStore, redis_url: str) -> None:
    any_store.put("a/b", b"one")
    any_store.put("a/b", b"two")

    assert any_store.get("a/b") == b"two"
