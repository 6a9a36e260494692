"""Job ids: what was asked of which content; nothing else is in them."""

import hashlib
import json

from shared.domain.records import PageOptions

CONTENT_DIGITS = 16
OPTIONS_DIGITS = 8


def job_id(sha256: str, options: PageOptions) -> str:
    """The id of the first job for this content and these page options."""
    return f"{sha256[:CONTENT_DIGITS]}-{options_digest(options)}"


def options_digest(options: PageOptions) -> str:
    """Eight hex digits over the options; unset ones don't count, so new ones may be added."""
    plain = options.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:OPTIONS_DIGITS]


def next_id(identifier: str, newest: str | None) -> str:
    """The id of the next job of the same content and options; ``newest`` is the last one's."""
    if newest is None:
        return identifier
    return f"{identifier}-{job_number(newest) + 1}"


def job_number(identifier: str) -> int:
    """Which job of its content and options an id names, from 1."""
    parts = identifier.split("-")
    return int(parts[2]) if len(parts) > 2 else 1
