"""Measures what a page costs against corpus size, document size and workers.

    python -m benchmarks.scale                                       about six minutes
    python -m benchmarks.scale --pages 1000,500000 --document-pages 500
    python -m benchmarks.scale --stores s3 --against before=../before --rounds 3

Runs corpora through a real broker, a file store or SeaweedFS, and workers with the fake engine
(which renders nothing), all of them processes of this machine. Beside the fleet it runs bare
Celery, RQ and Dramatiq with a task that does nothing. With --against it alternates between this
checkout and another one; --rounds repeats everything.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from benchmarks.scale.fleet import running_services, running_workers
from benchmarks.scale.measurement import WINDOW_PAGES, measure, queued_bytes, warm_up
from benchmarks.scale.peers import measure_peers
from benchmarks.scale.plot import draw
from benchmarks.scale.report import peer_table, summary, table
from benchmarks.scale.values import Case, Cost

HERE = Path(__file__).parent.parent.parent


def main() -> int:
    """Run all cases; print tables and write JSON and SVG where asked."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="pagefleet-scale-") as name:
        folder = Path(name)
        peers = [] if arguments.no_peers else measure_peers(folder, HERE, arguments.tasks)
        for each in peers:
            print(json.dumps(vars(each)), file=sys.stderr, flush=True)
        costs = list(_measured(arguments, folder))
        queued = list(_queued(arguments, folder))
    for part in (peer_table(peers), table(costs), *summary(costs, peers), *queued):
        print(part)
    if arguments.json:
        plain = {"peers": [vars(each) for each in peers], "costs": [c.plain() for c in costs]}
        arguments.json.write_text(json.dumps(plain, indent=2), "utf-8")
    if arguments.svg:
        arguments.svg.write_text(draw(costs), "utf-8")
    return 0


def cases(arguments: argparse.Namespace) -> list[Case]:
    """Corpus sizes with documents of one size, document sizes and workers with one corpus."""
    size, side = arguments.document_pages, arguments.side_pages
    found: list[Case] = []
    for store in arguments.stores:
        found += [Case(store, pages, min(size, pages), 1) for pages in arguments.pages]
        found += [Case(store, side, pages, 1) for pages in arguments.document_sizes]
        found += [Case(store, side, size, workers) for workers in arguments.workers]
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda case: (case.store, case.workers))


def _measured(arguments: argparse.Namespace, folder: Path) -> Iterator[Cost]:
    for number in range(arguments.rounds):
        for (store, workers), group in groupby(cases(arguments), lambda c: (c.store, c.workers)):
            same = list(group)
            for code, checkout in arguments.against.items():
                own = folder / f"{number}-{store}-{workers}-{code}"
                own.mkdir()
                with (
                    running_services(store, own, checkout, arguments.set) as services,
                    running_workers(services, workers) as ids,
                ):
                    warm_up(services)
                    for place, case in enumerate(same):
                        cost = measure(services, ids, case, code, f"{number}-{place}")
                        print(json.dumps(cost.plain()), file=sys.stderr, flush=True)
                        yield cost


def _queued(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The memory of a queued page, by code."""
    if arguments.no_memory:
        return
    window = {"dispatch_window": str(WINDOW_PAGES)}
    for code, checkout in arguments.against.items():
        (own := folder / f"queued-{code}").mkdir()
        with running_services("file", own, checkout, window) as services:
            found = queued_bytes(services, own / "corpus")
        yield f"{code}: {found:.0f} bytes of Redis for each queued page"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=_numbers, default=[500, 2000, 8000], metavar="N,N")
    parser.add_argument("--document-pages", type=int, default=100, metavar="N")
    parser.add_argument("--document-sizes", type=_numbers, default=[1, 10, 100], metavar="N,N")
    parser.add_argument("--workers", type=_numbers, default=[1, 2], metavar="N,N")
    parser.add_argument(
        "--side-pages", type=int, default=1000, metavar="N",
        help="pages of the corpora of which only document size or workers differ",
    )  # fmt: skip
    parser.add_argument("--stores", type=_stores, default=["file", "s3"], metavar="file,s3")
    parser.add_argument("--tasks", type=int, default=3000, help="tasks of each other library")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=_named, action="append", metavar="NAME=FOLDER")
    parser.add_argument("--set", type=_named, action="append", metavar="SETTING=VALUE")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    arguments = parser.parse_args()
    others = {name: Path(value).resolve() for name, value in arguments.against or ()}
    arguments.against = {"this": HERE, **others}
    arguments.set = dict(arguments.set or ())
    return arguments


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",") if each]


def _stores(text: str) -> list[str]:
    names: Iterable[str] = text.split(",")
    if not set(names) <= {"file", "s3"}:
        raise argparse.ArgumentTypeError("a store is file or s3")
    return list(names)


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("it needs NAME=VALUE")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
