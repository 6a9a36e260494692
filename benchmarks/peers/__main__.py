"""Compares the speed of the CPU engine with other programs, by kind of page.

    python -m benchmarks.peers --peer pymupdf4llm=VENV --peer markitdown=VENV --peer ocrmypdf=VENV

Each VENV is a virtual environment in which the program is installed. The engine runs in the fleet
and in a plain loop, and with ``--against before=FOLDER`` in the plain loop of another checkout.
All run in turns on the same pages, after a warm-up. ocrmypdf, which needs Tesseract, reads the
pixels of all pages; the others take text layers and leave scans empty.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import mean

from pydantic import SecretStr

from benchmarks.documents import example_pages
from benchmarks.overhead import running_fleet
from benchmarks.peers.convert import PROGRAMS
from benchmarks.peers.kinds import KINDS, split_pages
from benchmarks.peers.programs import loop_speed, program_speed
from benchmarks.plain_loop import Speed, timed
from producer.local.embedded_broker import EmbeddedBroker
from shared.config.settings import load_settings

#: Measures one program on a document, or on each of its pages.
Measure = Callable[[Path, list[Path]], Speed]


def main() -> int:
    """Print a table for each kind of page, and a JSON summary."""
    chosen = _arguments()
    summary = {}
    with tempfile.TemporaryDirectory(prefix="pagefleet-peers-") as name:
        folder = Path(name)
        programs = _programs(chosen, folder)
        for kind in chosen.kinds:
            document = folder / f"{kind}.pdf"
            KINDS[kind](document, chosen.pages)
            pages = split_pages(document, folder / f"{kind}-pages")
            speeds: dict[str, list[Speed]] = {}
            for _ in range(chosen.rounds):
                for program, measure in programs.items():
                    if kind != "scans" or program not in ("pymupdf4llm", "markitdown"):
                        speeds.setdefault(program, []).append(measure(document, pages))
            summary[kind] = _report(kind, speeds)
    print(json.dumps(summary, indent=2))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--peer", action="append", default=[], metavar="PROGRAM=VENV")
    parser.add_argument("--against", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    chosen = parser.parse_args()
    for name, _ in map(_pair, chosen.peer):
        if name not in PROGRAMS:
            parser.error(f"--peer: {name} is none of {', '.join(PROGRAMS)}")
    return chosen


def _pair(value: str) -> tuple[str, Path]:
    name, _, folder = value.partition("=")
    return name, Path(folder)


def _programs(chosen: argparse.Namespace, folder: Path) -> dict[str, Measure]:
    pages, home = chosen.pages, folder / "home"
    programs: dict[str, Measure] = {
        "loop": lambda document, _: loop_speed(document, pages, home),
        "fleet": lambda document, _: _fleet_speed(document, pages, folder),
    }
    for name, checkout in map(_pair, chosen.against):
        programs[name] = partial(_loop_of, checkout.resolve(), pages, folder / f"home-{name}")
    for name, environment in map(_pair, chosen.peer):
        programs[name] = partial(_program, name, environment)
    return programs


def _loop_of(checkout: Path, pages: int, home: Path, document: Path, _: list[Path]) -> Speed:
    return loop_speed(document, pages, home, checkout)


def _program(name: str, environment: Path, _: Path, pages: list[Path]) -> Speed:
    return program_speed(name, environment, pages)


def _fleet_speed(document: Path, pages: int, folder: Path) -> Speed:
    with _fleet(folder) as convert:
        return timed(lambda: convert(document), pages)


@contextmanager
def _fleet(folder: Path) -> Iterator[Callable[[Path], int]]:
    """A fleet that has converted a document."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as home,
        EmbeddedBroker(load_settings(home=home)) as broker,
    ):
        settings = load_settings(home=Path(home), redis_url=SecretStr(broker.url))
        with running_fleet(settings, "cpu") as convert:
            convert(example_pages(Path(home) / "warm-up.pdf", 4))
            yield convert


def _report(kind: str, speeds: dict[str, list[Speed]]) -> dict[str, dict[str, float]]:
    """Print pages a minute, CPU seconds a page and their ratios to the plain loop."""
    loop_cpu = mean(speed.cpu_s for speed in speeds["loop"])
    result = {}
    for name, own in speeds.items():
        per_minute = 60 * mean(speed.pages_per_s for speed in own)
        cpu = mean(speed.cpu_s for speed in own)
        result[name] = {"pages_per_minute": per_minute, "cpu_s": cpu, "of_loop": cpu / loop_cpu}
        print(f"{kind}: {name}: {per_minute:.1f} pages a minute, {cpu:.2f} s of CPU a page, "
              f"{cpu / loop_cpu:.2f} of the loop", flush=True)  # fmt: skip
    return result


if __name__ == "__main__":
    sys.exit(main())
