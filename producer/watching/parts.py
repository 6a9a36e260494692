"""What the steps of one watch share."""

from dataclasses import dataclass
from typing import Literal

from producer.request import Request
from producer.submission import Submitter
from producer.watching.folder_options import OptionFiles
from producer.watching.journal import Journal
from producer.watching.memory import Memory
from producer.watching.places import Inbox, Outbox
from producer.watching.state import WatchState
from producer.watching.table import OpenTable
from shared.broker.dispatch_state import Ledger
from shared.jobs.job_store import JobStore

After = Literal["keep", "move", "delete"]
#: Folders beside the inbox for ``--after move``.
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Parts:
    """Everything that a step may need; all of it is safe for threads."""

    inbox: Inbox
    outbox: Outbox
    state: WatchState
    memory: Memory
    options: OptionFiles
    table: OpenTable
    request: Request
    submitter: Submitter
    jobs: JobStore
    ledger: Ledger
    journal: Journal
    after: After = "keep"
    #: Seconds between two looks that must agree before an object counts as whole.
    settle_s: float = 0.0
