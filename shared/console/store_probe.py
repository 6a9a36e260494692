"""Tests with a probe object whether the store supports what the fleet needs."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress

from shared.config.settings import Settings
from shared.console.checks import Check
from shared.console.conditional_writes import overwrites
from shared.domain.errors import NotFound, PagefleetError, StoreUnreachable
from shared.storage.factory import open_store
from shared.storage.s3_address import split_s3
from shared.storage.s3_bucket import Bucket, open_bucket
from shared.storage.store import ObjectStore

FIRST, SECOND = b"the first probe", b"the second probe"


def check_store(settings: Settings) -> Check:
    """Test reads, writes, listings, conditional writes and deletes; raises StoreUnreachable.

    A missing required feature is an error; one that only costs time or safety is a warning.
    """
    store = open_store(settings)
    probe = f"probe/{secrets.token_hex(8)}"
    try:
        _check_required(store, probe)
        missing = list(_missing_features(settings, probe)) if store.url.startswith("s3://") else []
    finally:
        with suppress(PagefleetError):
            store.delete([probe])
    able = f"{store.url}: writes, reads, lists, conditional writes, deletes"
    if missing:
        return Check("store", "warning", able, "; ".join(missing))
    return Check("store", "ok", able)


def _check_required(store: ObjectStore, probe: str) -> None:
    if not store.put_new(probe, FIRST):
        raise StoreUnreachable(f"{store.url} refuses to create an object")
    if store.put_new(probe, SECOND):
        raise overwrites(store)
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


def _missing_features(settings: Settings, probe: str) -> Iterator[str]:
    name, prefix = split_s3(settings.store_url)
    bucket, key = open_bucket(name, settings), "/".join(filter(None, (prefix.strip("/"), probe)))
    stored = bucket.look(key)
    if stored is None:
        raise StoreUnreachable(f"s3://{name} does not find by HEAD what it returns")
    if not _succeeds(lambda: bucket.has_ranges(key)):
        yield "no ranged reads: large sources are downloaded in one request"
    if not _is_refused(lambda: bucket.head(key, 1, "no-such-version")):
        yield "ignores If-Match: replacing a source while it is read is not noticed"
    if not _succeeds(lambda: _copies(bucket, key, stored.etag)):
        yield "no copy within the store: sources are copied through the producer"
    if not _is_refused(lambda: bucket.delete_if(key, "no-such-version")):
        yield "ignores If-Match on DELETE: see 'A race that remains' in docs/watch.md"


def _copies(bucket: Bucket, key: str, etag: str) -> bool:
    copy = f"{key}-copy"
    try:
        bucket.copy(key, etag, copy)
        return bucket.read(copy, len(SECOND))[0] == SECOND
    finally:
        bucket.delete(copy)


def _succeeds(action: Callable[[], bool]) -> bool:
    try:
        return action()
    except PagefleetError:
        return False


def _is_refused(action: Callable[[], object]) -> bool:
    try:
        action()
    except NotFound:
        return True
    except PagefleetError:
        return False
    return False
