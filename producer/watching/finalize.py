"""The last steps of a claim: what becomes of the source, and that nothing is left open.

Each step can be done twice, and the open work is removed last, so a crash in between only
makes another watcher do the rest.
"""

from contextlib import suppress

from producer.watching.open_claims import Item
from producer.watching.places.place import Dropped
from producer.watching.state import Outcome
from producer.watching.status_file import SUFFIX, of_refusal
from producer.watching.watch_context import DONE, FAILED, Parts
from shared.domain.errors import (
    EmptyInput,
    NotADocument,
    NotFound,
    PagefleetError,
    UnsupportedDocument,
)

#: Refusals of what may be no document at all: reported once and left where it is.
LEFT_ALONE = (EmptyInput, NotADocument, UnsupportedDocument)


class Ending:
    """Ends claims."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def converted(self, item: Item, outcome: Outcome) -> None:
        """The outputs are written."""
        good = outcome in ("ok", "partial")
        stays = self._parts.after == "keep" or (self._parts.after == "delete" and not good)
        self._settle(item, outcome, stays, DONE if good else FAILED)

    def refused(self, item: Item, error: PagefleetError) -> None:
        """There is no document to be made of it: say so, once."""
        parts, claim = self._parts, item.claim
        try:
            parts.outbox.write(claim.key + SUFFIX, of_refusal(parts.inbox.url + claim.key, error))
        except UnsupportedDocument as unusable:
            parts.journal.trouble(unusable)
        parts.journal.event("refused", claim.key, code=error.code, message=error.message)
        stays = parts.after != "move" or isinstance(error, LEFT_ALONE)
        self._settle(item, "refused", stays, FAILED)

    def abandoned(self, item: Item, reason: str) -> None:
        """The version is gone or was replaced: as if it had never been there."""
        parts, claim = self._parts, item.claim
        parts.state.release(claim)
        parts.memory.forget(claim)
        parts.state.close(claim)
        parts.table.end(item)
        parts.journal.event("abandoned", claim.key, reason=reason)

    def _settle(self, item: Item, outcome: Outcome, stays: bool, folder: str) -> None:
        parts = self._parts
        claim = item.claim.model_copy(update={"outcome": outcome})
        if stays and item.found is not None:
            parts.state.note(claim)
            parts.state.release_older(claim)
            parts.memory.add(claim, item.found)
        else:
            if item.found is not None:
                self._take_away(item.found, folder)
            parts.state.release(claim)
            parts.memory.forget(claim)
        parts.state.close(claim)
        parts.table.end(item)

    def _take_away(self, found: Dropped, folder: str) -> None:
        # Gone, or replaced by a newer version, which is a drop of its own.
        with suppress(NotFound):
            if self._parts.after == "move":
                self._parts.inbox.move(found, folder)
            else:
                self._parts.inbox.remove(found)
