"""Entries of ZIP archives that are the same each time."""

import zipfile

#: The first time that a ZIP file can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)


def zip_entry(
    name: str,
    time: tuple[int, int, int, int, int, int] = EPOCH,
    kind: int = zipfile.ZIP_DEFLATED,
) -> zipfile.ZipInfo:
    """A file of an archive, compressed unless ``kind`` is ZIP_STORED."""
    entry = zipfile.ZipInfo(name, time)
    entry.compress_type = kind
    entry.external_attr = 0o644 << 16
    return entry
