"""The last steps of a claim: what becomes of the source, and that nothing is left open.

Each step can be done twice, and the open work is removed last, so a crash in between only
makes another watcher do the rest.
"""

from contextlib import suppress

from producer.watching.open_claims import OpenClaim
from producer.watching.places.place import Dropped
from producer.watching.state import Outcome
from producer.watching.status_file import SUFFIX, of_refusal
from producer.watching.watch_context import DONE, FAILED, WatchContext
from shared.domain.errors import (
    EmptyInput,
    NotADocument,
    NotFound,
    PagefleetError,
    UnsupportedDocument,
)

#: Refusals of what may be no document at all: reported once and left where it is.
LEFT_ALONE = (EmptyInput, NotADocument, UnsupportedDocument)


class Finalizer:
    """Ends claims."""

    def __init__(self, context: WatchContext) -> None:
        self._context = context

    def complete(self, open_claim: OpenClaim, outcome: Outcome) -> None:
        """The outputs are written."""
        good = outcome in ("ok", "partial")
        stays = self._context.after == "keep" or (self._context.after == "delete" and not good)
        self._settle(open_claim, outcome, stays, DONE if good else FAILED)

    def refuse(self, open_claim: OpenClaim, error: PagefleetError) -> None:
        """There is no document to be made of it: say so, once."""
        context, claim = self._context, open_claim.claim
        try:
            context.outbox.write(
                claim.key + SUFFIX, of_refusal(context.inbox.url + claim.key, error)
            )
        except UnsupportedDocument as unusable:
            context.event_log.warning(unusable)
        context.event_log.event("refused", claim.key, code=error.code, message=error.message)
        stays = context.after != "move" or isinstance(error, LEFT_ALONE)
        self._settle(open_claim, "refused", stays, FAILED)

    def abandon(self, open_claim: OpenClaim, reason: str) -> None:
        """The version is gone or was replaced: as if it had never been there."""
        context, claim = self._context, open_claim.claim
        context.state.release(claim)
        context.claim_cache.forget(claim)
        context.state.remove_open(claim)
        context.open_claims.close(open_claim)
        context.event_log.event("abandoned", claim.key, reason=reason)

    def _settle(self, open_claim: OpenClaim, outcome: Outcome, stays: bool, folder: str) -> None:
        context = self._context
        claim = open_claim.claim.model_copy(update={"outcome": outcome})
        if stays and open_claim.found is not None:
            context.state.update(claim)
            context.state.release_older(claim)
            context.claim_cache.add(claim, open_claim.found)
        else:
            if open_claim.found is not None:
                self._remove_source(open_claim.found, folder)
            context.state.release(claim)
            context.claim_cache.forget(claim)
        context.state.remove_open(claim)
        context.open_claims.close(open_claim)

    def _remove_source(self, found: Dropped, folder: str) -> None:
        # Gone, or replaced by a newer version, which is a drop of its own.
        with suppress(NotFound):
            if self._context.after == "move":
                self._context.inbox.move(found, folder)
            else:
                self._context.inbox.remove(found)
