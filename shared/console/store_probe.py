"""Tries on a probe object what the fleet needs of its store, and says what a store can't do."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress

from shared.config.settings import Settings
from shared.console.checks import Check
from shared.domain.errors import NotFound, PagefleetError, StoreUnreachable
from shared.storage.s3_bucket import Bucket, open_bucket
from shared.storage.store import ObjectStore, open_store, split_s3

FIRST, SECOND = b"the first probe", b"the second probe"


def examine_store(settings: Settings) -> Check:
    """Write, read, list, write on conditions and delete; raises StoreUnreachable.

    What the fleet can't do without is an error, what merely costs time or safety a warning.
    """
    store = open_store(settings)
    probe = f"probe/{secrets.token_hex(8)}"
    try:
        _must(store, probe)
        lacking = list(_should(settings, probe)) if store.url.startswith("s3://") else []
    finally:
        with suppress(PagefleetError):
            store.delete([probe])
    able = f"{store.url}: writes, reads, lists, conditional writes, deletes"
    if lacking:
        return Check("store", "warning", able, "; ".join(lacking))
    return Check("store", "ok", able)


def _must(store: ObjectStore, probe: str) -> None:
    if not store.put_new(probe, FIRST):
        raise StoreUnreachable(f"{store.url} refuses to create a new object")
    if store.put_new(probe, SECOND):
        raise StoreUnreachable(
            f"{store.url} overwrites on a conditional write (If-None-Match); "
            "use a store that honours it, or pages may be paid for twice"
        )
    if store.get(probe) != FIRST:
        raise StoreUnreachable(f"{store.url} does not return what was written")
    if probe not in list(store.list("probe/")):
        raise StoreUnreachable(f"{store.url} does not list what was just written; use another one")
    store.delete([probe])
    if store.exists(probe):
        raise StoreUnreachable(f"{store.url} still has what was deleted; use another one")
    store.put(probe, SECOND)
    if store.get(probe) != SECOND:
        raise StoreUnreachable(f"{store.url} does not return what was written last")


def _should(settings: Settings, probe: str) -> Iterator[str]:
    name, prefix = split_s3(settings.store_url)
    bucket, key = open_bucket(name, settings), "/".join(filter(None, (prefix.strip("/"), probe)))
    found = bucket.look(key)
    if found is None:
        raise StoreUnreachable(f"s3://{name} does not find by HEAD what it returns")
    if not _works(lambda: bucket.has_ranges(key)):
        yield "it lacks ranged reads: large sources come in one piece"
    if not _refuses(lambda: bucket.head(key, 1, "no-such-version")):
        yield "it passes over If-Match: a source that is replaced while it is read goes unseen"
    if not _works(lambda: _copies(bucket, key, found.etag)):
        yield "it can't copy by itself: sources travel through the producer"
    if not _refuses(lambda: bucket.delete_if(key, "no-such-version")):
        yield "it passes over If-Match on DELETE: see 'A race that remains' in docs/watch.md"


def _copies(bucket: Bucket, key: str, etag: str) -> bool:
    copy = f"{key}-copy"
    try:
        bucket.copy(key, etag, copy)
        return bucket.read(copy, len(SECOND))[0] == SECOND
    finally:
        bucket.delete(copy)


def _works(action: Callable[[], bool]) -> bool:
    try:
        return action()
    except PagefleetError:
        return False


def _refuses(action: Callable[[], object]) -> bool:
    try:
        action()
    except NotFound:
        return True
    except PagefleetError:
        return False
    return False
