"""Runs the named fuzzers, by default all: ``python -m tests.system.fuzz --seconds 60 --seed 7``."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.system.fuzz import (
    documents,
    events,
    folder_options,
    markdown,
    messages,
    names,
    stored_results,
)
from tests.system.fuzz.fuzzing import Budget, Fuzzer

FUZZERS: dict[str, Fuzzer] = {
    "markdown": markdown.fuzz,
    "folder-options": folder_options.fuzz,
    "events": events.fuzz,
    "messages": messages.fuzz,
    "names": names.fuzz,
    "stored-results": stored_results.fuzz,
    "documents": documents.fuzz,
}
COUNT = 1000
#: Seconds without ``--seconds``.
DEFAULT_S = 3600.0
PROGRESS_PERIOD_S = 10.0


class _Printed:
    """Prints every fault at once, and now and then how far a fuzzer is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = time.monotonic()

    def __call__(self, tried: int, faults: Sequence[str]) -> None:
        for fault in faults:
            print(f"{self._name}: fault: {fault}", flush=True)
        if time.monotonic() > self._last + PROGRESS_PERIOD_S:
            self._last = time.monotonic()
            print(f"{self._name}: {tried} tried so far", flush=True)


def main() -> int:
    """Run the fuzzers; 1 where one found anything or tried nothing."""
    options = _options()
    end = time.monotonic() + (options.seconds or DEFAULT_S)
    # Without a number of cases, a time limit alone says when to stop.
    count = options.count or (sys.maxsize if options.seconds else COUNT)
    failed, names = False, options.names or list(FUZZERS)
    for number, name in enumerate(names):
        # What one fuzzer leaves of its share goes to the later ones.
        share_s = (end - time.monotonic()) / (len(names) - number)
        findings = FUZZERS[name](Budget(count, share_s, options.seed, _Printed(name)))
        failed = failed or findings.failed
        print(f"{name}: {findings.tried} tried, {len(findings.faults)} faults", flush=True)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*FUZZERS, []], metavar="FUZZER")
    parser.add_argument(
        "--count", type=int, help=f"cases of each fuzzer ({COUNT}; with --seconds no limit)"
    )
    parser.add_argument(
        "--seconds", type=float, help=f"time of all fuzzers together ({DEFAULT_S:g})"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
