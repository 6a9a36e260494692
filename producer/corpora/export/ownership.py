"""Whose export a target holds, so that no export replaces or deletes files of another one."""

from contextlib import suppress

from pydantic import ValidationError

from producer.corpora.export.manifest import MANIFEST, SUMS
from producer.corpora.export.shards import RECEIPTS, is_shard
from shared.domain.collections.export_records import ExportManifest, ExportOwner
from shared.domain.errors import NotFound, TooLarge, UsageError
from shared.domain.records.base import to_json
from shared.storage.store import ObjectStore

#: The first file of an export.
OWNER = "_collection.json"
_MAX_OWNER_BYTES = 64 * 1024
#: Exports of older releases have no ``OWNER``; their manifest may list a million failures.
_MAX_MANIFEST_BYTES = 1 << 30
_ADVICE = "choose an empty place for --to, or remove it"


def take_target(target: ObjectStore, name: str) -> None:
    """Write whose export the target is; raises UsageError where it holds files of another one."""
    owner = _owner(target)
    if owner == name:
        return
    if owner is not None:
        raise UsageError(f"{target.url} holds an export of the collection {owner!r}; {_ADVICE}")
    if not _has(target, RECEIPTS):
        _check_foreign(target)
    target.put(OWNER, to_json(ExportOwner(collection=name)))


def _owner(target: ObjectStore) -> str | None:
    """The collection whose export the target says that it is; None where it does not say."""
    kinds = (
        (OWNER, ExportOwner, _MAX_OWNER_BYTES),
        (MANIFEST, ExportManifest, _MAX_MANIFEST_BYTES),
    )
    for key, kind, limit in kinds:
        with suppress(NotFound, TooLarge, ValidationError):
            return kind.model_validate_json(target.get(key, limit)).collection
    return None


def _check_foreign(target: ObjectStore) -> None:
    """Raise UsageError where a file has a name that the export would write or delete."""
    shards = filter(is_shard, target.list("part-"))
    found = next(shards, None) or next(filter(target.exists, (MANIFEST, SUMS)), None)
    if found is not None:
        raise UsageError(f"{target.url} has a {found} that is not of an export; {_ADVICE}")


def _has(target: ObjectStore, prefix: str) -> bool:
    return next(iter(target.list(prefix, limit=1)), None) is not None
