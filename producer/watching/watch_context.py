"""What the steps of one watch share."""

from dataclasses import dataclass
from typing import Literal

from producer.submission.request import Request
from producer.submission.submitter import Submitter
from producer.watching.claim_cache import ClaimCache
from producer.watching.event_log import EventLog
from producer.watching.folder_options import OptionFiles
from producer.watching.open_claims import OpenClaims
from producer.watching.places.place import Inbox, Outbox
from producer.watching.state import WatchState
from shared.broker.dispatch_state import DispatchState
from shared.jobs.job_store import JobStore

After = Literal["keep", "move", "delete"]
#: Folders beside the inbox for ``--after move``.
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class WatchContext:
    """Everything that a step may need; all of it is safe for threads."""

    inbox: Inbox
    outbox: Outbox
    state: WatchState
    claim_cache: ClaimCache
    options: OptionFiles
    open_claims: OpenClaims
    request: Request
    submitter: Submitter
    jobs: JobStore
    dispatch_state: DispatchState
    event_log: EventLog
    after: After = "keep"
    #: Seconds between two looks that must agree before an object counts as whole.
    settle_s: float = 0.0
