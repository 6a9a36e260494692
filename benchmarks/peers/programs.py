"""The programs that are compared, each as one command that converts one PDF."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PYMUPDF4LLM = (
    "import sys, pymupdf4llm; "
    "open(sys.argv[2], 'w', encoding='utf-8').write(pymupdf4llm.to_markdown(sys.argv[1]))"
)


@dataclass(frozen=True)
class Program:
    """A command; the words IN, OUT and CORES are replaced."""

    name: str
    words: tuple[str, ...]
    #: Whether it reads text from pixels.
    reads_scans: bool = True
    #: Whether it reads the text layer instead of the pixels.
    reads_text_layer: bool = True

    def command(self, document: Path, output: Path, cores: int) -> list[str]:
        """The command for one document."""
        values = {"IN": str(document), "OUT": str(output), "CORES": str(cores)}
        return [values.get(word, word) for word in self.words]


def programs(environments: Mapping[str, Path]) -> list[Program]:
    """Fleet and plain loop of this checkout, and the peers by the folders of their environments.

    Raises ValueError for a peer that is not known.
    """
    here = (sys.executable, "-P", "-m")
    own = [
        Program("pagefleet run", (*here, "producer.cli", "run", "IN", "-o", "OUT")),
        Program("plain loop", (*here, "benchmarks.peers.loop", "IN")),
    ]
    return own + [_peer(name, folder / "bin") for name, folder in environments.items()]


def _peer(name: str, bin_: Path) -> Program:
    if name == "pymupdf4llm":
        python = str(bin_ / "python")
        return Program(name, (python, "-c", _PYMUPDF4LLM, "IN", "OUT"), reads_scans=False)
    if name == "markitdown":
        return Program(name, (str(bin_ / name), "IN", "-o", "OUT"), reads_scans=False)
    if name == "ocrmypdf":
        options = ("--force-ocr", "--output-type", "pdf", "--optimize", "0", "--jobs", "CORES")
        return Program(name, (str(bin_ / name), *options, "IN", "OUT"), reads_text_layer=False)
    raise ValueError(f"no such peer: {name}")
