"""Names of output files: safe inside a folder, and distinct for the inputs of one command."""

import itertools
import re
from unicodedata import normalize

from shared.document.control_characters import C1_AND_DIRECTION
from shared.domain.formats.export_formats import DEFAULT, ExportChoice

MAX_STEM_BYTES = 180
#: Programs that read names line by line take U+2028 and U+2029 for the end of a line.
_UNSAFE = re.compile(rf"[\x00-\x1f\x7f/\\\u2028\u2029\ud800-\udfff{C1_AND_DIRECTION}]")


class Stems:
    """File stems for the inputs of one command, in input order: report, report-2 …"""

    def __init__(self, choice: ExportChoice = DEFAULT) -> None:
        self._choice = choice
        self._used: set[str] = set()

    def take(self, name: str) -> str:
        """A stem for the document ``name`` that shares no output file with an earlier input."""
        base = safe_stem(name)
        return base if self._reserve(base) else self.another(base)

    def another(self, base: str) -> str:
        """``base`` with the next number under which no file of this command stands."""
        numbers = itertools.count(2)
        return next(stem for number in numbers if self._reserve(stem := f"{base}-{number}"))

    def _reserve(self, stem: str) -> bool:
        """False where an earlier document of this command has the name."""
        names = self._output_names(stem)
        if not self._used.isdisjoint(names):
            return False
        self._used.update(names)
        return True

    def _output_names(self, stem: str) -> tuple[str, ...]:
        """The names that a document occupies where case and the form of accents are ignored."""
        folded = normalize("NFC", normalize("NFD", stem).casefold())
        return folded, *self._choice.file_names(folded)


def safe_stem(name: str) -> str:
    """The document's name without its suffix, as a name that stays inside a folder."""
    stem = name.rsplit(".", 1)[0] if "." in name.lstrip(".") else name
    stem = _UNSAFE.sub("_", stem).strip()
    if stem.strip(".") == "":
        return "document"
    return stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
