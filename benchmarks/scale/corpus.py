"""Writes the documents of a corpus and the manifest that submits them."""

import json
from pathlib import Path

from benchmarks.documents import numbered_pdf
from benchmarks.scale.values import Case


def write_corpus(folder: Path, case: Case, salt: str) -> Path:
    """Documents with equal pages and different bytes; returns the path of the manifest.

    ``salt`` makes their bytes differ from those of another corpus in the same store.
    """
    folder.mkdir()
    content = numbered_pdf(folder / "template.pdf", case.document_pages).read_bytes()
    manifest = folder / "corpus.jsonl"
    with manifest.open("w") as lines:
        for number in range(case.documents):
            path = folder / f"{number:07d}.pdf"
            # A comment behind the end of a PDF changes its hash and nothing else.
            path.write_bytes(content + f"\n%{salt}-{number}\n".encode())
            lines.write(json.dumps({"uri": str(path)}) + "\n")
    return manifest
