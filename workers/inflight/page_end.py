"""How the handling of a page's message ended."""

from dataclasses import dataclass
from typing import Literal, Self

from shared.domain.records.page_result import PageResult


@dataclass(frozen=True)
class PageEnd:
    """``released``: the page waits in a queue again, so Celery must report no success."""

    kind: Literal["done", "failed", "released"]
    #: In a few words, for Flower and traces.
    text: str

    @classmethod
    def with_result(cls, result: PageResult) -> Self:
        """The page is marked as done with this result."""
        if result.status != "failed":
            return cls("done", result.status)
        return cls("failed", f"failed {result.error.code if result.error else ''}".strip())

    @classmethod
    def released(cls, reason: str) -> Self:
        """The page went back without a result."""
        return cls("released", f"released: {reason}")
