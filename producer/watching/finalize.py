"""The last steps of a claim: move or delete the source, store the outcome, close the claim.

Each step is idempotent, and the stored open claim is removed last. So after a crash another
watcher adopts the claim and repeats the steps.
"""

from contextlib import suppress

from producer.watching.claims.key_claim import Outcome
from producer.watching.claims.open_claims import OpenClaim
from producer.watching.output_names import status_name
from producer.watching.places.after import DONE, FAILED
from producer.watching.places.place import Dropped
from producer.watching.status_file import of_refusal
from producer.watching.watch_context import WatchContext
from shared.domain.errors import (
    EmptyInput,
    NotADocument,
    NotFound,
    PagefleetError,
    UnsupportedDocument,
)

#: Errors of objects that may not be documents: reported once, the source stays in the inbox.
LEFT_ALONE = (EmptyInput, NotADocument, UnsupportedDocument)


class Finalizer:
    """Used by several threads; raises TransientError."""

    def __init__(self, context: WatchContext) -> None:
        self._context = context

    def complete(self, open_claim: OpenClaim, outcome: Outcome) -> None:
        """The job ended and its outputs are written."""
        good = outcome in ("ok", "partial")
        after = self._context.after
        stays = after == "keep" or (after == "delete" and not good)
        self._finish(open_claim, outcome, stays, DONE if good else FAILED)

    def refuse(self, open_claim: OpenClaim, error: PagefleetError) -> None:
        """The object can't become a job: report that once."""
        context, claim = self._context, open_claim.claim
        status = of_refusal(context.inbox.url + claim.key, error)
        try:
            context.outbox.write(status_name(claim.key), status)
        except UnsupportedDocument as unusable:
            context.event_log.warning(unusable)
        context.event_log.event("refused", claim.key, code=error.code, message=error.message)
        stays = context.after != "move" or isinstance(error, LEFT_ALONE)
        self._finish(open_claim, "refused", stays, FAILED)

    def abandon(self, open_claim: OpenClaim, reason: str) -> None:
        """The claimed version was removed or replaced: delete all state of it."""
        context, claim = self._context, open_claim.claim
        context.state.release(claim)
        context.key_claim_cache.forget(claim)
        context.state.remove_open(claim)
        context.open_claims.close(open_claim)
        context.event_log.event("abandoned", claim.key, reason=reason)

    def _finish(self, open_claim: OpenClaim, outcome: Outcome, stays: bool, folder: str) -> None:
        context = self._context
        claim = open_claim.claim.model_copy(update={"outcome": outcome})
        if stays and open_claim.dropped is not None:
            context.state.update(claim)
            context.state.release_older(claim)
            context.key_claim_cache.add(claim, open_claim.dropped)
        else:
            if open_claim.dropped is not None:
                self._remove_source(open_claim.dropped, folder)
            context.state.release(claim)
            context.key_claim_cache.forget(claim)
        context.state.remove_open(claim)
        context.open_claims.close(open_claim)

    def _remove_source(self, dropped: Dropped, folder: str) -> None:
        # NotFound: the version is gone, or a newer one replaced it and gets its own claim.
        with suppress(NotFound):
            if self._context.after == "move":
                self._context.inbox.move(dropped, folder)
            else:
                self._context.inbox.remove(dropped)
