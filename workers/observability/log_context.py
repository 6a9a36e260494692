"""Fields that every log line of the current context carries: job, page, attempt.

They are in a context variable, so that coroutines started for a page have them too.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("pagefleet_log_fields", default={})  # noqa: B039


def fields() -> Mapping[str, object]:
    """The fields of the current context."""
    return _FIELDS.get()


class _LogFields:
    """``with about(job=…)`` adds fields to the lines logged inside; ``about.add`` adds more."""

    @contextmanager
    def __call__(self, **more: object) -> Iterator[None]:
        token = _FIELDS.set({**_FIELDS.get(), **more})
        try:
            yield
        finally:
            _FIELDS.reset(token)

    def add(self, **more: object) -> None:
        """Add fields until the innermost ``with about`` ends."""
        _FIELDS.set({**_FIELDS.get(), **more})


about = _LogFields()
