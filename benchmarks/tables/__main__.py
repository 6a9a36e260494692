"""Writes generated tables as PDFs, and their truth for ``pagefleet evaluate``.

python -m benchmarks.tables FOLDER [--per-style 2] [--seed 1]
"""

import argparse
from pathlib import Path

from benchmarks.tables.documents import write_documents


def main() -> None:
    """Write FOLDER/pdf and FOLDER/truth."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-style", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    paths = write_documents(chosen.folder, chosen.per_style, chosen.seed)
    print(f"{len(paths)} tables in {chosen.folder / 'pdf'}")


if __name__ == "__main__":
    main()
