"""Fuzzer of documents: converts broken and hostile ones with the real ``run``."""

import tempfile
from pathlib import Path

from tests.support.documents.hostile_corpus import batches, corpus, write_corpus
from tests.system.commands.hostile_run import ROBUST, limited, survive
from tests.system.fuzz.fuzzing import Budget, Findings

#: Documents of one run: so few that a batch of slow ones ends within minutes.
BATCH = 20


def fuzz(budget: Budget) -> Findings:
    """Convert documents batch by batch, with new helper processes for each."""
    tried, problems = 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="pagefleet-fuzz-") as name:
        folder = Path(name)
        settings = limited(folder / "home", attempts=1)
        documents = corpus(budget.count, budget.seed, ROBUST)
        for number, batch in enumerate(batches(documents, BATCH)):
            # One batch in any case: on a busy machine the start alone may take the whole time.
            if tried and budget.left_s < 0:
                break
            paths = write_corpus(folder / f"in-{number}", batch)
            found = survive(settings, paths, folder / f"out-{number}").problems
            problems += found
            tried += len(paths)
            budget.progress(tried, found)
    return Findings(tried, tuple(problems))
