"""``pagefleet.toml`` in a folder: how documents below it are to be converted."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field, ValidationError

from producer.submission.request import Request
from producer.watching.places.place import Inbox
from shared.domain.errors import NotFound, PagefleetError, TooLarge, UsageError
from shared.domain.partial_record import partial_record
from shared.domain.records import PageSettings, Priority, RenderOptions

NAME = "pagefleet.toml"
MAX_BYTES = 64 * 1024
_PLAIN = ("task", "prompt", "query", "pages")


_Partial = partial_record("_Partial", PageSettings, RenderOptions)


class FolderOptions(_Partial):  # type: ignore[valid-type,misc]  # made at run time
    """The keys that such a file may have; what is not set comes from the folder above."""

    task: str | None = None
    prompt: str | None = None
    query: str | None = None
    pages: str | None = None
    priority: Priority | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    def over(self, above: "FolderOptions") -> "FolderOptions":
        """These options where they are set, else those of the folder above."""
        mine = self.model_dump(exclude_none=True)
        labels = {**above.labels, **self.labels}
        return FolderOptions(**{**above.model_dump(exclude_none=True), **mine, "labels": labels})

    def digest(self) -> str:
        """What stands for the page options among these; "" for none."""
        page = self.model_dump(exclude_none=True, include={*_PLAIN, *PageSettings.model_fields})
        if not page:
            return ""
        return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()[:12]

    def apply(self, request: Request) -> Request:
        """``request`` with these options over its own; raises UsageError."""
        given = self.model_dump(exclude_none=True)
        changed = {name: given[name] for name in (*_PLAIN, "priority") if name in given}
        settings = {name: given[name] for name in PageSettings.model_fields if name in given}
        render = {name: given[name] for name in RenderOptions.model_fields if name in given}
        asked = replace(
            request,
            **changed,
            labels={**request.labels, **self.labels},
            settings=request.settings.model_copy(update=settings),
            render=request.render.model_copy(update=render),
        )
        asked.check()
        return asked


class BadFolderOptions(UsageError):
    """A ``pagefleet.toml`` that can't be used; ``key`` says which."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}; nothing below is taken until it is mended")
        self.key = key


@dataclass(frozen=True)
class Found:
    """One such file as it was read last; ``error`` where it is not valid."""

    options: FolderOptions
    error: BadFolderOptions | None = None


def parse(key: str, data: bytes, request: Request) -> Found:
    """What the file says; an error is part of the answer."""
    try:
        options = FolderOptions(**_table(data))
        options.apply(request)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        return Found(FolderOptions(), BadFolderOptions(key, f"{name}: {first['msg']}"))
    except (PagefleetError, ValueError) as error:
        return Found(FolderOptions(), BadFolderOptions(key, " ".join(str(error).split())))
    return Found(options)


def _table(data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}") from None


class OptionFiles:
    """The ``pagefleet.toml`` files seen so far; thread-safe."""

    def __init__(self, inbox: Inbox, request: Request) -> None:
        self._inbox = inbox
        self._request = request
        self._found: dict[str, Found] = {}
        self._reported: dict[str, str] = {}

    def remembered(self, key: str) -> FolderOptions:
        """Options for ``key`` as known, without a request; errors count as no options."""
        chain = map(self._found.get, _chain(key))
        return self._merged(found for found in chain if found is not None)

    def fresh(self, key: str) -> FolderOptions:
        """Options for ``key`` as they are now; raises BadFolderOptions."""
        chain = [self.refresh(name) for name in _chain(key)]
        for found in chain:
            if found is not None and found.error is not None:
                raise found.error
        return self._merged(found for found in chain if found is not None)

    def refresh(self, name: str) -> Found | None:
        """Read one such file again; None where there is none any more."""
        try:
            found = parse(name, self._inbox.read(name, MAX_BYTES), self._request)
        except NotFound:
            self._found.pop(name, None)
            self._reported.pop(name, None)
            return None
        except TooLarge as error:
            found = Found(FolderOptions(), BadFolderOptions(name, error.message))
        self._found[name] = found
        if found.error is None:
            self._reported.pop(name, None)
        return found

    def report(self, error: BadFolderOptions) -> bool:
        """Whether this error is to be told now: each is told once."""
        if self._reported.get(error.key) == str(error):
            return False
        self._reported[error.key] = str(error)
        return True

    def blocked(self, key: str) -> bool:
        """Whether a file that counts for ``key`` was not valid when it was last read."""
        chain = map(self._found.get, _chain(key))
        return any(found is not None and found.error is not None for found in chain)

    def render(self, key: str) -> RenderOptions:
        """How the document of ``key`` is to be written."""
        try:
            return self.remembered(key).apply(self._request).render
        except PagefleetError:
            return self._request.render

    def names(self) -> frozenset[str]:
        """Keys of the files that were there when last read."""
        return frozenset(self._found)

    @staticmethod
    def _merged(chain: Iterator[Found]) -> FolderOptions:
        merged = FolderOptions()
        for found in chain:
            merged = found.options.over(merged)
        return merged


def is_options_file(key: str) -> bool:
    """Whether ``key`` is such a file."""
    return key.rpartition("/")[2] == NAME


def _chain(key: str) -> Iterator[str]:
    """Names of the files that count for ``key``, from the top."""
    folders = key.split("/")[:-1]
    for depth in range(len(folders) + 1):
        yield "/".join([*folders[:depth], NAME])
