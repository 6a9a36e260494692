"""Names of the outputs of a dropped object: distinct for all keys of an inbox.

``x.pdf`` is written to ``x.pdf.md``, ``x.pdf.json``, ``x.pdf.status.json`` and the folder
``x.pdf/``. A key with such an ending in one of its parts could overwrite the outputs of another
key, or need a folder where a file is. So each such part gets an underscore at its end: the outputs
of ``x.pdf.md/y.pdf`` begin with ``x.pdf.md_/y.pdf``.

A part with characters that control a terminal, change the direction of text or end a line has them
replaced, and a digest of the whole part at its end.
"""

import hashlib
import re

from shared.document.control_characters import C1_AND_DIRECTION
from shared.domain.formats.output_formats import OUTPUT_FORMATS

STATUS = "status"
_ENDINGS = "|".join([STATUS, *(re.escape(each.suffix) for each in OUTPUT_FORMATS)])
#: Also names that were made like this, so that no two keys get the same name.
_RESERVED = re.compile(rf"(\.({_ENDINGS})|~[0-9a-f]{{32}})_*\Z", re.IGNORECASE | re.ASCII)
_UNSAFE = re.compile(rf"[\x00-\x1f\x7f\u2028\u2029{C1_AND_DIRECTION}]")
#: Bytes of a replaced part before its digest.
_MAX_BYTES = 180


def output_name(key: str) -> str:
    """The name to which the endings of the outputs are added."""
    return "/".join(map(_escaped, key.split("/")))


def status_name(key: str) -> str:
    """The name of the status file."""
    return f"{output_name(key)}.{STATUS}.json"


def _escaped(part: str) -> str:
    if _UNSAFE.search(part):
        digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        replaced = _UNSAFE.sub("_", part).encode("utf-8", "replace")[:_MAX_BYTES]
        return f"{replaced.decode(errors='ignore')}~{digest}"
    return f"{part}_" if _RESERVED.search(part) else part
