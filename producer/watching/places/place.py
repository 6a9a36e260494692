"""What a watch needs of a bucket or folder: the place of drops and the place of outputs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from producer.intake.inputs import Input
from shared.domain.errors import UnsupportedDocument


@dataclass(frozen=True)
class Dropped:
    """An object as one look found it; ``key`` is relative to the place, ``size`` in bytes."""

    key: str
    size: int
    #: Differs where the content may differ: the ETag, or what the file system says.
    mark: str


@dataclass(frozen=True)
class Page:
    """Neighbours from one look; ``start`` is where they begin in the place's own order."""

    drops: tuple[Dropped, ...]
    start: str = ""


class Inbox(Protocol):
    """Where people drop documents; raises StoreUnreachable; thread-safe but for ``period``."""

    #: Its address, with a final slash.
    url: str

    def scan(self) -> Iterator[Page]:
        """What one polling period looks at."""
        ...

    def pass_ended(self) -> bool:
        """Whether the last period came to the end of the place."""
        ...

    def mark_active(self, page: Page) -> None:
        """Say that ``page`` held something new: it is looked at more often."""
        ...

    def stat(self, key: str) -> Dropped | None:
        """The object as it is now; None where there is none that could be a document."""
        ...

    def version(self, found: Dropped) -> str:
        """What is the same for the same content; raises NotFound where it changed."""
        ...

    def head(self, found: Dropped, count: int) -> bytes:
        """The first ``count`` bytes; raises NotFound where it changed."""
        ...

    def read(self, key: str, limit: int) -> bytes:
        """A small object; raises NotFound, TooLarge."""
        ...

    def as_input(self, found: Dropped) -> AbstractContextManager[Input]:
        """An input that stands for exactly this version while the block runs.

        Raises NotFound where it changed.
        """
        ...

    def move(self, found: Dropped, folder: str) -> None:
        """Move this version to ``folder``, a sibling of the place, never onto another.

        Raises NotFound where it changed or is gone.
        """
        ...

    def remove(self, found: Dropped) -> None:
        """Remove this version; raises NotFound where it changed or is gone."""
        ...


class Outbox(Protocol):
    """Where outputs go; raises StoreUnreachable, and UnusableName for keys it can't hold."""

    #: Its address, with a final slash.
    url: str

    def write(self, key: str, data: bytes) -> None:
        """Write or replace, whole or not at all."""
        ...

    def delete(self, key: str) -> None:
        """Remove; a missing one is fine."""
        ...


class UnusableName(UnsupportedDocument):
    """The place can't hold an object of this name."""
