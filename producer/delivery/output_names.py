"""Chooses names of output files that replace no file of another document."""

import re
from pathlib import Path

from producer.delivery.page_folder import PageFolder
from producer.delivery.stems import Stems
from producer.intake.regular_file import read_regular
from shared.domain.formats.export_formats import DEFAULT, ExportChoice

#: The source of a document record stands in its first bytes; names are at most this long.
RECORD_HEAD_BYTES = 64 * 1024
_SOURCE_DIGEST = re.compile(rb'"sha256":"([0-9a-f]{64})"')


class OutputNames:
    """Stems of one command for output files in ``folder``."""

    def __init__(
        self, folder: Path, choice: ExportChoice = DEFAULT, *, overwrite: bool = False
    ) -> None:
        self.folder = folder
        self.choice = choice
        self.stems = Stems(choice)
        #: The files of pages, where each page is a file of the folder.
        self.page_folder = PageFolder(folder, overwrite=overwrite) if choice.by_page else None
        self._overwrite = overwrite

    def close(self) -> None:
        """Write what the folder needs once, after its last document."""
        if self.page_folder is not None:
            self.page_folder.write_summary()

    def choose(self, stem: str, sha256: str) -> str:
        """``stem``, or with the next number under which no file of another source exists."""
        chosen = stem
        while not self._overwrite and self._is_taken(chosen, sha256):
            chosen = self.stems.another(stem)
        return chosen

    def path(self, stem: str) -> Path:
        """The absolute path of the Markdown file, or of the first file without it."""
        return (self.folder / self.choice.main_file(stem)).absolute()

    def _is_taken(self, stem: str, sha256: str) -> bool:
        if not any((self.folder / name).exists() for name in self.choice.file_names(stem)):
            return False
        return _source_of(self.folder / f"{stem}.json") != sha256


def _source_of(record: Path) -> str | None:
    """The digest of the source in a document record; None where the file is none."""
    try:
        found = _SOURCE_DIGEST.search(read_regular(record, RECORD_HEAD_BYTES))
    except OSError:
        return None
    return found.group(1).decode() if found else None
