"""Converts documents with another program, in the environment of that program.

    PYTHON convert.py PROGRAM FILE...

Reads the first file twice as often as the others: once before it says "ready". Then it waits for a
line and converts all files. Its last line is a JSON object with the CPU seconds of this process and
of those that it started. It imports nothing of this project.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Convert the files of the command line."""
    program, *files = sys.argv[1:]
    convert = PROGRAMS[program]
    convert(files[0])
    print("ready", flush=True)
    sys.stdin.readline()
    before = _cpu_seconds()
    letters = sum(convert(file) for file in files)
    print(json.dumps({"cpu_s": _cpu_seconds() - before, "letters": letters}), flush=True)


def pymupdf4llm(file: str) -> int:
    """The length of the Markdown of a PDF."""
    return len(importlib.import_module("pymupdf4llm").to_markdown(file, show_progress=False))


def markitdown(file: str) -> int:
    """The length of the Markdown of a PDF."""
    module = importlib.import_module("markitdown")
    return len(module.MarkItDown(enable_plugins=False).convert(file).text_content)


def ocrmypdf(file: str) -> int:
    """The length of the text that Tesseract reads on the pixels of a PDF."""
    module = importlib.import_module("ocrmypdf")
    with tempfile.TemporaryDirectory() as folder:
        sidecar = Path(folder, "text.txt")
        module.ocr(
            file, Path(folder, "out.pdf"), sidecar=sidecar, force_ocr=True, output_type="pdf",
            jobs=1, use_threads=True, progress_bar=False, language=["eng"], optimize=0,
        )  # fmt: skip
        return len(sidecar.read_text(encoding="utf-8"))


#: What converts a file with each program.
PROGRAMS = {"pymupdf4llm": pymupdf4llm, "markitdown": markitdown, "ocrmypdf": ocrmypdf}


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    main()
