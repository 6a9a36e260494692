"""Generates the example documents; the same files every time.

python examples/make_examples.py [FOLDER]
"""

import sys
from pathlib import Path
from random import Random

import article
import chinese
import invoice
import letter

SEED = 1908


def main() -> None:
    """Write the four documents into the folder that was named, else beside this file."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    folder.mkdir(parents=True, exist_ok=True)
    article.make(folder / "article.pdf", Random(SEED))
    letter.make(folder / "letter.pdf", Random(SEED))
    invoice.make(folder / "invoice.pdf")
    chinese.make(folder / "chinese.pdf")


if __name__ == "__main__":
    main()
