"""Job ids, made of the content hash and the page options and of nothing else."""

import hashlib
import json

from shared.domain.records import PageOptions

CONTENT_DIGITS = 16
OPTIONS_DIGITS = 8


def job_id(sha256: str, options: PageOptions) -> str:
    """The id of the first job for this content and these page options."""
    return f"{sha256[:CONTENT_DIGITS]}-{options_digest(options)}"


def options_digest(options: PageOptions) -> str:
    """Eight hex digits of a hash of the options.

    Unset options are left out, so that adding an option does not change existing ids.
    """
    plain = options.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:OPTIONS_DIGITS]


def next_id(identifier: str, newest: str | None) -> str:
    """The id of the next job of this content and options; ``newest`` is the last job's id."""
    if newest is None:
        return identifier
    return f"{identifier}-{job_number(newest) + 1}"


def job_number(identifier: str) -> int:
    """The number of a job among those of its content and options, from 1."""
    parts = identifier.split("-")
    return int(parts[2]) if len(parts) > 2 else 1
