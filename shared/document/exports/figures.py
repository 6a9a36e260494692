"""The figures of an exported document: their bytes, checked and bounded in total."""

from shared.document.exports.export_input import ExportInput

PNG = b"\x89PNG\r\n\x1a\n"
#: The figures of one exported file have at most so many bytes together.
MAX_BYTES = 512 * 1024 * 1024


class Figures:
    """Reads each figure once; a figure that is no PNG or is over the limit is left out."""

    def __init__(self, exported: ExportInput, limit: int = MAX_BYTES) -> None:
        self._read = exported.figure
        self._left = limit

    def get(self, address: str | None) -> bytes | None:
        """The bytes of the figure that an image of the tree names."""
        data = self._read((address or "").rpartition("/")[2])
        if data is None or not data.startswith(PNG) or len(data) > self._left:
            return None
        self._left -= len(data)
        return data
