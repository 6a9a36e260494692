"""Fuzzer of documents: converts broken and hostile ones with the real ``run``."""

import tempfile
import time
from pathlib import Path

from tests.support.documents.hostile_corpus import batches, corpus, write_corpus
from tests.system.commands.hostile_run import BATCH, ROBUST, limited, survive
from tests.system.fuzz.fuzzing import Budget, Findings


def fuzz(budget: Budget) -> Findings:
    """Convert documents batch by batch, with new helper processes for each."""
    end, tried, problems = time.monotonic() + budget.seconds, 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="pagefleet-fuzz-") as name:
        folder = Path(name)
        settings = limited(folder / "home")
        documents = corpus(budget.count, budget.seed, ROBUST)
        for number, batch in enumerate(batches(documents, BATCH)):
            # One batch in any case: on a busy machine the start alone may take the whole time.
            if tried and time.monotonic() > end:
                break
            paths = write_corpus(folder / f"in-{number}", batch)
            problems += survive(settings, paths, folder / f"out-{number}").problems
            tried += len(paths)
    return Findings(tried, tuple(problems))
