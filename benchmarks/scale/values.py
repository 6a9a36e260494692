"""What is measured, and what was found."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

StoreKind = Literal["file", "s3"]


@dataclass(frozen=True)
class Case:
    """One corpus and one fleet: ``pages`` in documents of ``document_pages``."""

    store: StoreKind
    pages: int
    document_pages: int
    workers: int

    @property
    def documents(self) -> int:
        """Number of documents; the last one may be shorter in no case."""
        return max(1, self.pages // self.document_pages)

    @property
    def read_pages(self) -> int:
        """Pages of all documents."""
        return self.documents * self.document_pages


@dataclass(frozen=True)
class Cost:
    """What one page cost, from the start of its submission to the last ``_DONE``."""

    #: The code that ran: "this", or the name of another checkout.
    code: str
    case: Case
    pages_per_s: float
    #: Milliseconds of CPU time by kind of process.
    cpu_ms: dict[str, float]
    #: Commands of the broker, those inside scripts included, and bytes received and sent.
    redis_commands: float
    redis_bytes: float
    #: Requests to the S3 service; None for a file store.
    s3_requests: float | None
    #: MiB of resident memory at the end, by kind of process.
    memory_mib: dict[str, float]
    #: The most frequent commands of the broker, each a page.
    commands: dict[str, float]

    @property
    def ms(self) -> float:
        """CPU milliseconds of pagefleet's own processes: without broker and store."""
        return sum(v for kind, v in self.cpu_ms.items() if kind not in ("broker", "store"))

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ms": self.ms}


@dataclass(frozen=True)
class PeerCost:
    """What a task that does nothing costs with another library, or in bare Celery."""

    name: str
    tasks_per_s: float
    worker_ms: float
    broker_ms: float
    redis_commands: float
