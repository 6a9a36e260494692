"""Tests at the start of workers that the store refuses to overwrite on a conditional write."""

import secrets
from contextlib import suppress

from shared.domain.errors import PagefleetError, StoreUnreachable
from shared.storage.store import ObjectStore


def check_conditional_writes(store: ObjectStore) -> None:
    """Raise StoreUnreachable where the store overwrites on a conditional write.

    A store that refuses the probe for another reason, or does not answer, passes.
    """
    probe = f"probe/{secrets.token_hex(8)}"
    try:
        with suppress(PagefleetError):
            store.put_new(probe, b"first")
            if store.put_new(probe, b"second"):
                raise _Overwritten
    except _Overwritten:
        raise overwrites(store) from None
    finally:
        with suppress(PagefleetError):
            store.delete([probe])


class _Overwritten(Exception):
    pass


def overwrites(store: ObjectStore) -> StoreUnreachable:
    """The error for a store that overwrites on a conditional write."""
    return StoreUnreachable(
        f"{store.url} overwrites on a conditional write (If-None-Match); "
        "use a store that supports it, or pages may be read twice"
    )
