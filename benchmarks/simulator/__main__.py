"""Simulates fleets that do not fit on one machine.

    python -m benchmarks.simulator redis            how many GPUs one Redis serves
    python -m benchmarks.simulator limits           what breaks first
    python -m benchmarks.simulator shards           what several brokers give
    python -m benchmarks.simulator zero             what scaling to zero costs
    python -m benchmarks.simulator spot             what pre-emption costs
    python -m benchmarks.simulator corpora          what a million and a billion pages cost
    python -m benchmarks.simulator turns            small documents beside a large one
    python -m benchmarks.simulator tenants          shares of tenants against their weights
    python -m benchmarks.simulator waits            small documents of a tenant beside a corpus
    python -m benchmarks.simulator batch            that the pages of an event change nothing
    python -m benchmarks.simulator validate         real fleets beside the model, and its error
    python -m benchmarks.simulator validate-tenants shares in real fleets beside the model
    python -m benchmarks.simulator measure          the times of Redis that the model uses

The first ten print a table, and with --plots FOLDER write a plot, if they have one.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.simulator import measure, validate
from benchmarks.simulator.experiments import EXPERIMENTS
from benchmarks.simulator.plots import draw
from benchmarks.simulator.tenants import live

#: What runs real programs.
PROGRAMS: dict[str, Callable[[], int]] = {
    "validate": validate.main,
    "validate-tenants": live.main,
    "measure": measure.main,
}


def main() -> int:
    """Run one experiment."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.simulator",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("experiment", choices=[*EXPERIMENTS, *PROGRAMS])
    parser.add_argument("--plots", type=Path, help="folder for SIMULATOR-EXPERIMENT.svg")
    options = parser.parse_args()
    if options.experiment in PROGRAMS:
        return PROGRAMS[options.experiment]()
    answer = EXPERIMENTS[options.experiment]()
    print(table(answer.rows))
    if options.plots is not None and answer.plot is not None:
        options.plots.mkdir(parents=True, exist_ok=True)
        path = options.plots / f"simulator-{options.experiment}.svg"
        path.write_text(draw(answer.plot), "utf-8")
        print(f"\nwritten to {path}")
    return 0


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first one as its head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
