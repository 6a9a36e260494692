"""Compares speed and CPU time by kind of page.

    python -m benchmarks.peers --peer pymupdf4llm=VENV --peer ocrmypdf=VENV --peer markitdown=VENV

VENV is a virtual environment in which the peer is installed. Every program converts a document
of one page and one of --pages pages; the difference, divided by the other pages, is the cost of a
page without the start of the program. The programs alternate, --rounds times, and the smallest
figures count, so other work of the machine matters little.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.peers.kinds import first_page, write_kinds
from benchmarks.peers.programs import Program, programs

LIMIT_S = 1800.0


class Cost(NamedTuple):
    """Seconds of the clock, and CPU seconds of a program and its children."""

    wall_s: float
    cpu_s: float


class PageCost(NamedTuple):
    """What a page of a kind costs one program, without the program's start."""

    kind: str
    program: str
    pages_per_minute: float
    cpu_s: float
    start_cpu_s: float


def main() -> int:
    """Print a table and, with --json, write the figures."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="pagefleet-peers-") as name:
        found = list(_measured(arguments, Path(name)))
    print("| kind | program | pages a minute | CPU s a page | CPU s of the start |")
    print("| --- | --- | --- | --- | --- |")
    for each in found:
        print(f"| {each.kind} | {each.program} | {each.pages_per_minute:.0f} | {each.cpu_s:.3f} | "
              f"{each.start_cpu_s:.1f} |")  # fmt: skip
    if arguments.json:
        arguments.json.write_text(json.dumps([each._asdict() for each in found], indent=2), "utf-8")
    return 0


def _measured(arguments: argparse.Namespace, folder: Path) -> Iterator[PageCost]:
    for kind, document in write_kinds(folder, arguments.pages).items():
        if arguments.kinds and kind not in arguments.kinds:
            continue
        one = first_page(document)
        chosen = [each for each in programs(arguments.peers) if _reads(each, kind)]
        costs = [(_run(each, one), _run(each, document)) for _ in range(arguments.rounds)
                 for each in chosen]  # fmt: skip
        for number, program in enumerate(chosen):
            own = costs[number :: len(chosen)]
            yield page_cost(kind, program, own, arguments.pages)


def _reads(program: Program, kind: str) -> bool:
    return program.reads_scans if kind.startswith("scanned") else program.reads_text_layer


def page_cost(kind: str, program: Program, costs: list[tuple[Cost, Cost]], pages: int) -> PageCost:
    """From the costs of one page and of ``pages`` pages, in each round."""
    start, all_pages = (_smallest(each) for each in zip(*costs, strict=True))
    # A start may take longer than all further pages on a busy machine.
    wall_s = max((all_pages.wall_s - start.wall_s) / (pages - 1), 1e-6)
    cpu_s = (all_pages.cpu_s - start.cpu_s) / (pages - 1)
    return PageCost(kind, program.name, 60 / wall_s, cpu_s, start.cpu_s)


def _smallest(costs: tuple[Cost, ...]) -> Cost:
    return Cost(min(each.wall_s for each in costs), min(each.cpu_s for each in costs))


def _run(program: Program, document: Path) -> Cost:
    """Convert ``document``; raises CalledProcessError with the end of the program's output."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-peer-") as name:
        command = program.command(document, Path(name, "out"), os.cpu_count() or 1)
        before, started = os.times(), time.perf_counter()
        ended = subprocess.run(
            command, env={**os.environ, "PAGEFLEET_HOME": name}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=LIMIT_S, check=False,
        )  # fmt: skip
        wall_s, after = time.perf_counter() - started, os.times()
    if ended.returncode:
        sys.stderr.buffer.write(ended.stderr[-2000:])
        raise subprocess.CalledProcessError(ended.returncode, command)
    spent = after.children_user + after.children_system
    print(f"{program.name} {document.name}: {wall_s:.1f} s", file=sys.stderr, flush=True)
    return Cost(wall_s, spent - before.children_user - before.children_system)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=VENV")
    parser.add_argument("--pages", type=int, default=21, help="at least 2")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kinds", type=lambda text: text.split(","), metavar="KIND,KIND")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.peers = {name: Path(folder) for name, _, folder in
                       (each.partition("=") for each in arguments.peer)}  # fmt: skip
    return arguments


if __name__ == "__main__":
    sys.exit(main())
