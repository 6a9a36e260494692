"""Generates the example documents, with the same bytes every time.

python examples/make_examples.py [FOLDER]
"""

import sys
from pathlib import Path
from random import Random

import article
import chinese
import invoice
import letter

#: Seed of the random numbers, so that every run generates the same files.
SEED = 1908


def main() -> None:
    """Write the four documents into the folder of the first argument, by default this folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    article.make(folder / "article.pdf", Random(SEED))
    letter.make(folder / "letter.pdf", Random(SEED))
    invoice.make(folder / "invoice.pdf")
    chinese.make(folder / "chinese.pdf")


if __name__ == "__main__":
    main()
