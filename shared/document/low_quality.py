"""Pages whose quality is below a limit."""

from dataclasses import dataclass

from shared.document.outcome import PageScores
from shared.domain.page_ranges import from_numbers

#: The limit of commands without the option: most of such a page is wrong or missing.
DEFAULT_LIMIT = 0.5
#: Page ranges that a line names.
_MOST_RANGES = 10


@dataclass(frozen=True)
class LowQuality:
    """The pages below ``limit``, in order."""

    limit: float
    pages: tuple[int, ...]

    @classmethod
    def of(cls, scores: PageScores, limit: float | None) -> "LowQuality":
        """The pages with a score below ``limit``, or below the default limit for None."""
        least = DEFAULT_LIMIT if limit is None else limit
        return cls(least, tuple(sorted(page for page, score in scores.items() if score < least)))

    @property
    def count(self) -> str:
        """For a list of counts: ", 2 below quality 0.5", or "" for no page."""
        return f", {len(self.pages)} below quality {self.limit:g}" if self.pages else ""

    @property
    def named(self) -> str:
        """The pages as ranges: "pages 3 and 7-9"."""
        ranges = [
            f"{first}" if first == last else f"{first}-{last}"
            for first, last in from_numbers(self.pages)
        ]
        more = len(ranges) - _MOST_RANGES
        listed = ", ".join(ranges[:_MOST_RANGES]) + (f" and {more} more" if more > 0 else "")
        return f"{'page' if len(self.pages) == 1 else 'pages'} {listed}"
