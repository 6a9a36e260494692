"""Runs the named fuzzers, by default all: ``python -m tests.system.fuzz --seconds 60 --seed 7``."""

import argparse
import sys

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


def main() -> int:
    """Run the fuzzers; 1 where one found anything or tried nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*FUZZERS, []], metavar="FUZZER")
    parser.add_argument("--count", type=int, default=1000, help="cases of each fuzzer")
    parser.add_argument("--seconds", type=float, default=3600, help="time limit of each fuzzer")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    budget, failed = Budget(options.count, options.seconds, options.seed), False
    for name in options.names or FUZZERS:
        findings = FUZZERS[name](budget)
        failed = failed or findings.failed
        print(f"{name}: {findings.tried} tried, {len(findings.faults)} faults", flush=True)
        print(*findings.faults, sep="\n", end="\n" if findings.faults else "")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
