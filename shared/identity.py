"""Job ids: what was asked of which content; nothing else is in them."""

import hashlib
import json

from shared.records import PageOptions

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


def numbered(identifier: str, number: int) -> str:
    """The id of the ``number``-th job of the same content and options."""
    return identifier if number == 1 else f"{identifier}-{number}"
