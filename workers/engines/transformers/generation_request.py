"""One question to the model, and what a batch of them needs."""

import threading
from dataclasses import dataclass, field

from workers.engines.deepseek.fallback.sampling import Rung
from workers.engines.deepseek.pixels import Views


@dataclass(frozen=True)
class Asked:
    """A page's finished input; ``room`` is the most tokens that its answer may have."""

    ids: list[int]
    views: Views
    rung: Rung
    room: int
    #: Exactly ``room`` tokens, whatever the model says; to measure speed.
    fixed: bool = False
    #: Set when nobody waits for the answer any more.
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def kind(self) -> tuple[str, int, int]:
        """Only questions of one kind go through the model together."""
        return self.rung.name, self.views.whole.shape[-1], self.views.tiles.shape[-1]
