"""The interface of inboxes and outboxes, which are bucket prefixes or folders."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from producer.intake.input import Input
from shared.domain.errors import UnsupportedDocument


@dataclass(frozen=True)
class Dropped:
    """An object in an inbox at one moment; ``key`` is relative to it, ``size`` in bytes."""

    key: str
    size: int
    #: Differs where the content may differ: the ETag, or size, times and inode of a file.
    mark: str


@dataclass(frozen=True)
class Page:
    """Consecutive objects of a scan; ``start`` is the key after which a listing began."""

    drops: tuple[Dropped, ...]
    start: str = ""


class Inbox(Protocol):
    """Where documents are dropped; raises StoreUnreachable; thread-safe except ``scan``."""

    #: Its address, with a final slash.
    url: str

    def scan(self) -> Iterator[Page]:
        """The objects that one polling period covers; may be a part of the inbox."""
        ...

    def pass_ended(self) -> bool:
        """Whether the last scan reached the end of the inbox."""
        ...

    def mark_active(self, page: Page) -> None:
        """``page`` contained a new object: scan that part of the inbox more often."""
        ...

    def stat(self, key: str) -> Dropped | None:
        """The current object; None where there is none that could be a document."""
        ...

    def version(self, dropped: Dropped) -> str:
        """Identifies the content; raises NotFound where the object changed.

        Of an unreadable object it identifies the metadata, because ``head`` refuses it anyway.
        """
        ...

    def head(self, dropped: Dropped, count: int) -> bytes:
        """The first ``count`` bytes; raises Unreadable, NotFound where the object changed."""
        ...

    def read(self, key: str, limit: int) -> bytes:
        """The content of an object of at most ``limit`` bytes.

        Raises NotFound, TooLarge, Unreadable.
        """
        ...

    def as_input(self, dropped: Dropped) -> AbstractContextManager[Input]:
        """This version as an input that is valid while the block runs.

        Raises NotFound where the object changed.
        """
        ...

    def move(self, dropped: Dropped, folder: str) -> None:
        """Move this version to ``folder`` beside the inbox; overwrites nothing.

        Raises NotFound where the object changed or was removed.
        """
        ...

    def remove(self, dropped: Dropped) -> None:
        """Remove this version; raises NotFound where the object changed or was removed."""
        ...


class Outbox(Protocol):
    """Where outputs are written; raises StoreUnreachable, and UnusableName for a bad key."""

    #: Its address, with a final slash.
    url: str

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        """Write or replace atomically."""
        ...

    def delete(self, key: str) -> None:
        """Remove; does nothing for a missing key."""
        ...


class UnusableName(UnsupportedDocument):
    """The bucket or file system does not allow this name."""


class Unreadable(UnsupportedDocument):
    """The object exists, but this watcher can't read it."""


class ReadRefused(Unreadable):
    """The service refuses to read this one object, perhaps only for now."""
