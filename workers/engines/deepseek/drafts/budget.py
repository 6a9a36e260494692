"""Decides on the host, page by page, whether drafts pay; it waits for nothing on the device."""

from dataclasses import dataclass

#: Accepted drafts of a step, on average, below which drafts cost more than they save.
WORTHWHILE = 1.0
#: Weight of the newest step in the average.
WEIGHT = 0.05
#: Steps without drafts, after which they are tried again, at first and at most.
PAUSE, LONGEST_PAUSE = 8, 512


@dataclass
class DraftBudget:
    """The recent acceptance of one page."""

    average: float = 4.0
    pause: int = PAUSE
    #: Steps left of the current pause.
    left: int = 0

    @property
    def drafts(self) -> bool:
        """Whether the next step should draft."""
        return self.left == 0

    def observe(self, tokens: int) -> None:
        """Note the number of new ``tokens`` of one step."""
        if self.left:
            self.left -= 1
            return
        self.average += WEIGHT * (tokens - 1 - self.average)
        if self.average < WORTHWHILE:
            self.left = self.pause
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
            self.average = 2 * WORTHWHILE
