"""What the object ``open/<job_id>`` contains: the claim that a job is open, or being purged."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Any, Self

#: A larger object is no marker.
MAX_MARKER_BYTES = 4096


@dataclass(frozen=True)
class JobMarker:
    """One marker as stored; equal only where the bytes are equal.

    docs/adr/0002-purge-cancel-submit.md explains who writes which marker and when.
    """

    data: bytes

    @classmethod
    def of_open_job(cls, created: float) -> Self:
        """The marker of an open job; ``created`` in seconds since the epoch."""
        return cls(json.dumps({"created": created}).encode() + b"\n")

    @classmethod
    def of_purge(cls) -> Self:
        """A new marker of a purge at work; no two are equal."""
        facts = {"created": time.time(), "purging": True, "by": secrets.token_hex(8)}
        return cls(json.dumps(facts).encode() + b"\n")

    @property
    def is_purge(self) -> bool:
        """Whether a purge wrote this marker."""
        return self._facts().get("purging") is True

    def _facts(self) -> dict[str, Any]:
        """The content; empty where it is not valid."""
        try:
            facts = json.loads(self.data)
        except (ValueError, RecursionError):
            return {}
        return facts if isinstance(facts, dict) else {}
