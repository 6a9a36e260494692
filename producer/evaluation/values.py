"""The values that the steps of an evaluation pass on, also between processes."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from shared.domain.records.page_result import ErrorInfo

BlockKind = Literal["text", "table", "formula"]


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, table (HTML) or display formula (LaTeX) of one page.

    Text that is not ``scored`` may be in the result or not: OmniDocBench's headers and captions.
    """

    kind: BlockKind
    content: str
    scored: bool = True


@dataclass(frozen=True)
class PagePair:
    """One page of a result and its truth: Markdown, or the blocks of a benchmark's annotation.

    ``page`` is None where the whole document is one unit; ``result`` where there is no result.
    """

    document: str
    page: int | None
    result: str | None
    truth: str | tuple[Block, ...]


@dataclass(frozen=True)
class Scores:
    """The metrics of one page; a metric is None where neither side has anything to compare."""

    text_distance: float | None = None
    reading_order: float | None = None
    #: One score for each table and each display formula of either side.
    table_scores: tuple[float, ...] = ()
    formula_scores: tuple[float, ...] = ()
    tables_too_large: int = 0

    @property
    def overall(self) -> float | None:
        """The mean of text (1 - distance), tables and formulas, as OmniDocBench 1.5 has it."""
        text = None if self.text_distance is None else 1 - self.text_distance
        return mean([text, mean(self.table_scores), mean(self.formula_scores)])


@dataclass(frozen=True)
class ScoredPage:
    """One page with its scores; ``error`` says why it has none."""

    pair: PagePair
    scores: Scores
    error: ErrorInfo | None = None

    @property
    def missing(self) -> bool:
        """Whether the page has no result; it is then scored as an empty one."""
        return self.pair.result is None

    def as_plain(self) -> dict[str, Any]:
        """The fields of the JSON line; a contract."""
        error = self.error
        return {
            "document": self.pair.document,
            "page": self.pair.page,
            **metrics(self.scores),
            "tables": len(self.scores.table_scores),
            "formulas": len(self.scores.formula_scores),
            "tables_too_large": self.scores.tables_too_large,
            "missing": self.missing,
            "error": None if error is None else error.model_dump(),
        }


def metrics(scores: Scores) -> dict[str, float | None]:
    """The five figures of a page or of the total, rounded."""
    values = {
        "overall": scores.overall,
        "text_distance": scores.text_distance,
        "reading_order": scores.reading_order,
        "table_teds": mean(scores.table_scores),
        "formula_match": mean(scores.formula_scores),
    }
    return {name: None if each is None else round(each, 4) for name, each in values.items()}


def mean(values: "list[float | None] | tuple[float, ...]") -> float | None:
    """The mean of the values that are not None; None without any."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
