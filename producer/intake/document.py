"""An input that was opened and accepted."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.filetype import Kind


@dataclass(frozen=True)
class OpenedDocument:
    """A document on this machine; ``sha256`` and ``bytes`` describe the file at ``path``.

    Other processes may change that file, so a reader compares its digest.
    """

    kind: Kind
    #: Leads to the file to store, which is open: the input's own, or a decrypted or repaired copy.
    path: Path
    page_count: int
    sha256: str
    bytes: int
    #: The version that was read, where the input's S3 object itself is to be stored.
    etag: str | None = None
