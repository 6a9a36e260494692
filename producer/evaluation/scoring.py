"""Scores pages in helper processes, a few ahead of the one that is reported."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

from producer.evaluation.page_scoring import score_page
from producer.evaluation.values import PagePair, ScoredPage, Scores
from shared.domain.errors import DocumentError
from shared.domain.records.page_result import ErrorInfo
from shared.processes.sandbox import Sandbox, SandboxError, SandboxMemory, SandboxTimeout

#: Modules that the helper processes load in advance.
PRELOAD = ("producer.evaluation.page_scoring", "producer.report.markdown")
PROCESSES = min(4, os.cpu_count() or 1)
AHEAD = 4 * PROCESSES
MEMORY_MB = 2048
TIMEOUT_S = 120.0


def helpers() -> Sandbox:
    """The helper processes of an evaluation; close them at its end."""
    return Sandbox("pagefleet-evaluate", PROCESSES, MEMORY_MB, preload=PRELOAD)


def scored_pages(
    pairs: Iterable[PagePair], sandbox: Sandbox, timeout_s: float = TIMEOUT_S
) -> Iterator[ScoredPage]:
    """Every page in order, also those that exceed a limit; these have an error."""
    pending: deque[tuple[PagePair, Future[Scores]]] = deque()
    for pair in pairs:
        scores = sandbox.submit(score_page, pair.result or "", pair.truth, timeout_s=timeout_s)
        pending.append((pair, scores))
        if len(pending) > AHEAD:
            yield _finish(*pending.popleft(), timeout_s)
    while pending:
        yield _finish(*pending.popleft(), timeout_s)


def _finish(pair: PagePair, scores: "Future[Scores]", timeout_s: float) -> ScoredPage:
    try:
        return ScoredPage(pair, scores.result())
    except SandboxTimeout:
        reason = f"scoring took longer than {timeout_s:g} s; mark pages with <!-- page N -->"
    except SandboxMemory:
        reason = f"scoring needed more than {MEMORY_MB} MiB"
    except (DocumentError, SandboxError) as error:
        reason = " ".join(str(error).split()) or "the scoring process ended"
    return ScoredPage(pair, Scores(), ErrorInfo(code="too_large", message=reason))
