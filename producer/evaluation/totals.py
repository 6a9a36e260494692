"""Adds up the scores of many pages and keeps the worst ones, in bounded memory."""

import heapq
from typing import Any

from producer.evaluation.values import ScoredPage


class _Mean:
    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0

    def add(self, *values: float | None) -> None:
        known = [value for value in values if value is not None]
        self._sum += sum(known)
        self._count += len(known)

    @property
    def value(self) -> float | None:
        return round(self._sum / self._count, 4) if self._count else None


class Totals:
    """Means over pages of text and order; over tables and formulas of their scores."""

    def __init__(self, worst: int) -> None:
        self._limit = worst
        self._worst: list[tuple[float, int, ScoredPage]] = []
        self._text, self._order, self._tables, self._formulas = (_Mean() for _ in range(4))
        self.documents: set[str] = set()
        self.pages = self.missing = self.unscored = self.tables_too_large = 0

    def add(self, scored: ScoredPage) -> None:
        """Count one page."""
        self.pages += 1
        self.documents.add(scored.pair.document)
        self.missing += scored.missing
        self.unscored += scored.error is not None
        self.tables_too_large += scored.scores.tables_too_large
        self._text.add(scored.scores.text_distance)
        self._order.add(scored.scores.reading_order)
        self._tables.add(*scored.scores.table_scores)
        self._formulas.add(*scored.scores.formula_scores)
        self._keep_if_bad(scored)

    def _keep_if_bad(self, scored: ScoredPage) -> None:
        overall = 0.0 if scored.error else scored.scores.overall
        if overall is None or not self._limit:
            return
        heapq.heappush(self._worst, (-overall, -self.pages, scored))
        if len(self._worst) > self._limit:
            heapq.heappop(self._worst)

    @property
    def worst(self) -> list[ScoredPage]:
        """The pages with the lowest overall score, the worst first; equal ones in their order."""
        return [entry[2] for entry in sorted(self._worst, key=lambda each: each[:2], reverse=True)]

    @property
    def metrics(self) -> dict[str, float | None]:
        """The five figures; overall is the mean of text, tables and formulas."""
        text, tables, formulas = self._text.value, self._tables.value, self._formulas.value
        overall = _Mean()
        overall.add(None if text is None else 1 - text, tables, formulas)
        return {
            "overall": overall.value,
            "text_distance": text,
            "reading_order": self._order.value,
            "table_teds": tables,
            "formula_match": formulas,
        }

    def as_plain(self) -> dict[str, Any]:
        """The fields of the last JSON line; a contract."""
        return {
            "total": True,
            "documents": len(self.documents),
            "pages": self.pages,
            "missing": self.missing,
            "unscored": self.unscored,
            "tables_too_large": self.tables_too_large,
            **self.metrics,
        }
