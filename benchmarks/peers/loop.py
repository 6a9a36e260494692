"""``python -m benchmarks.peers.loop FILE``: reads a PDF with the CPU engine and no fleet."""

import sys
import tempfile
from pathlib import Path

import pymupdf

from benchmarks.plain_loop import plain_loop
from shared.config.settings import load_settings


def main() -> None:
    """Read all pages; the warm-up of the plain loop counts as start."""
    document = Path(sys.argv[1])
    with pymupdf.open(document) as opened:
        pages = opened.page_count
    with tempfile.TemporaryDirectory(prefix="pagefleet-loop-") as home:
        plain_loop(load_settings(home=Path(home)), document, pages)


if __name__ == "__main__":
    main()
