"""The objects that the steps of one watch share."""

from dataclasses import dataclass

from producer.submission.request import Request
from producer.submission.submitter import Submitter
from producer.watching.claims.key_claim_cache import KeyClaimCache
from producer.watching.claims.open_claims import OpenClaims
from producer.watching.claims.refused_reads import RefusedReads
from producer.watching.claims.state import WatchState
from producer.watching.event_log import EventLog
from producer.watching.folder_options import OptionFiles
from producer.watching.places.after import After
from producer.watching.places.place import Inbox, Outbox
from shared.broker.dispatch_state import DispatchState
from shared.jobs.job_store import JobStore


@dataclass(frozen=True)
class WatchContext:
    """All members are thread-safe."""

    inbox: Inbox
    outbox: Outbox
    state: WatchState
    key_claim_cache: KeyClaimCache
    options: OptionFiles
    open_claims: OpenClaims
    request: Request
    submitter: Submitter
    jobs: JobStore
    dispatch_state: DispatchState
    event_log: EventLog
    refused_reads: RefusedReads
    after: After = "keep"
    #: An object must be unchanged for this many seconds before it is ingested.
    settle_s: float = 0.0
