"""What a writer of an output format is."""

from collections.abc import Iterable
from typing import BinaryIO

from shared.document.merged_pages import MergedPage, PageStream
from shared.document.structure.units import Join


class DocumentWriter:
    """Writes a document into ``file`` page by page, so that no document is too long for it.

    Equal documents give equal bytes.
    """

    def __init__(self, document: PageStream, file: BinaryIO) -> None:
        self.document = document
        self.file = file

    def write(self, page: MergedPage) -> None:
        """Write the next page."""
        raise NotImplementedError

    def end(self, joins: Iterable[Join]) -> None:
        """Write what follows the last page."""
