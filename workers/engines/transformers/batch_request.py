"""One generation request of a batch."""

import threading
from dataclasses import dataclass, field

from workers.engines.deepseek.fallback.sampling import SamplingSettings
from workers.engines.deepseek.pixels import Views


@dataclass(frozen=True)
class BatchRequest:
    """Finished model input for one page."""

    ids: list[int]
    views: Views
    sampling: SamplingSettings
    #: Most tokens that the answer may have.
    room: int
    #: Generate exactly ``room`` tokens and ignore the model's end mark; for benchmarks.
    fixed: bool = False
    #: Set when no caller waits for the answer any longer.
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def kind(self) -> tuple[str, int, int]:
        """Requests of one kind can share a batch."""
        return self.sampling.name, self.views.whole.shape[-1], self.views.tiles.shape[-1]
