"""Job ids, made of the content hash and the page options and of nothing else.

An id has 128 bits of the content's SHA-256 and 64 bits of the options' digest. A job answers for
a document only where the whole SHA-256 and all options are equal, so an id alone proves nothing.
Ids of earlier releases have 64 and 32 bits; their jobs stay readable.
"""

import hashlib
import json
from dataclasses import dataclass

from shared.domain.records.job import Manifest
from shared.domain.records.options import PageOptions
from shared.domain.serialization.compatibility import FIRST_LEVEL, LONG_JOB_IDS

CONTENT_DIGITS, OPTIONS_DIGITS = 32, 16
#: Digits in the ids of releases before 0.2.
LEGACY_CONTENT_DIGITS, LEGACY_OPTIONS_DIGITS = 16, 8


@dataclass(frozen=True)
class JobIdentity:
    """A document's content (64 hex digits of its SHA-256) and the page options of its job."""

    sha256: str
    options: PageOptions

    @property
    def job_id(self) -> str:
        """The id of the first job of this identity."""
        return self._id(CONTENT_DIGITS, OPTIONS_DIGITS)

    @property
    def legacy_job_id(self) -> str:
        """The id that an earlier release gave to the first job of this identity."""
        return self._id(LEGACY_CONTENT_DIGITS, LEGACY_OPTIONS_DIGITS)

    def first_id(self, level: int) -> str:
        """The id of a new first job that workers of this compatibility level can read."""
        return self.job_id if level >= LONG_JOB_IDS else self.legacy_job_id

    def matches(self, manifest: Manifest) -> bool:
        """Whether ``manifest`` is a job of exactly this content and these options."""
        return manifest.sha256 == self.sha256 and manifest.options == self.options

    def _id(self, content_digits: int, options_digits: int) -> str:
        return f"{self.sha256[:content_digits]}-{_digest(self.options)[:options_digits]}"


def _digest(options: PageOptions) -> str:
    """SHA-256 of the options in hex.

    Unset options are left out, so that adding an option does not change existing ids.
    """
    plain = options.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def level_of(job_id: str) -> int:
    """The lowest compatibility level of the workers that can read the job."""
    is_long = len(job_id.partition("-")[0]) == CONTENT_DIGITS
    return LONG_JOB_IDS if is_long else FIRST_LEVEL


def next_id(first: str, last: str | None) -> str:
    """The id after ``last``, the newest job of the series that begins with ``first``."""
    if last is None:
        return first
    return f"{first}-{job_number(last) + 1}"


def job_number(identifier: str) -> int:
    """The number of a job in its series, from 1."""
    parts = identifier.split("-")
    return int(parts[2]) if len(parts) > 2 else 1
