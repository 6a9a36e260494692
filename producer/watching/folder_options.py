"""``pagefleet.toml`` in a folder: options for the documents below it."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field, ValidationError

from producer.submission.request import Request
from producer.watching.places.place import Inbox, Unreadable, UnusableName
from shared.domain.errors import NotFound, PagefleetError, TooLarge, UsageError
from shared.domain.lanes import Priority
from shared.domain.records.options import PageSettings, RenderOptions
from shared.domain.serialization.partial_record import partial_record
from shared.domain.tasks import parse_task

NAME = "pagefleet.toml"
MAX_BYTES = 64 * 1024
#: Brackets within brackets, and dots in one line, which are levels of a dotted key.
MAX_DEPTH = 50
MAX_DOTS = 200
#: Characters of the reason in an error report.
MAX_REASON = 300
_PLAIN = ("task", "prompt", "query", "pages")


_Partial = partial_record("_Partial", PageSettings, RenderOptions)


class FolderOptions(_Partial):  # type: ignore[valid-type,misc]  # made at run time
    """The keys of such a file; unset ones are inherited from the folder above."""

    task: str | None = None
    prompt: str | None = None
    query: str | None = None
    pages: str | None = None
    priority: Priority | None = None
    labels: dict[str, str] = Field(default_factory=dict)

    def over(self, above: "FolderOptions") -> "FolderOptions":
        """These options, with those of the folder above where they are unset."""
        own = self.model_dump(exclude_none=True)
        labels = {**above.labels, **self.labels}
        return FolderOptions(**{**above.model_dump(exclude_none=True), **own, "labels": labels})

    def digest(self) -> str:
        """32 hex digits that identify the page options among these; "" for none."""
        page = self.model_dump(exclude_none=True, include={*_PLAIN, *PageSettings.model_fields})
        if not page:
            return ""
        return hashlib.sha256(json.dumps(page, sort_keys=True).encode()).hexdigest()[:32]

    def apply(self, request: Request) -> Request:
        """``request`` with these options over its own; raises UsageError."""
        options = self.model_dump(exclude_none=True)
        changed = {name: options[name] for name in (*_PLAIN, "priority") if name in options}
        if self.task is not None:
            changed["task"] = parse_task(self.task)
        settings = {name: options[name] for name in PageSettings.model_fields if name in options}
        render = {name: options[name] for name in RenderOptions.model_fields if name in options}
        changed_request = replace(
            request,
            **changed,
            labels={**request.labels, **self.labels},
            settings=request.settings.model_copy(update=settings),
            render=request.render.model_copy(update=render),
        )
        changed_request.check()
        return changed_request


class BadFolderOptions(UsageError):
    """The ``pagefleet.toml`` at ``key`` is not valid.

    ``is_lasting``: until the file changes; a service may stop refusing an unreadable one.
    """

    def __init__(self, key: str, reason: str, *, is_lasting: bool = True) -> None:
        short = " ".join(reason.split())[:MAX_REASON]
        super().__init__(f"{key}: {short}; documents below it wait until it is corrected")
        self.key = key
        self.is_lasting = is_lasting


@dataclass(frozen=True)
class OptionsFile:
    """One such file as it was read last; ``error`` is set if it is not valid."""

    options: FolderOptions
    error: BadFolderOptions | None = None


def parse(key: str, data: bytes, request: Request) -> OptionsFile:
    """The options of the file; raises nothing for a file that is not valid."""
    try:
        options = FolderOptions(**_table(data))
        options.apply(request)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        return OptionsFile(FolderOptions(), BadFolderOptions(key, f"{name}: {first['msg']}"))
    except Exception as error:  # the file is untrusted, and any fault of a parser is its own
        return OptionsFile(FolderOptions(), BadFolderOptions(key, _reason(error)))
    return OptionsFile(options)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, PagefleetError | ValueError) else type(error).__name__


def _table(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode()
        _check_depth(text)
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not valid TOML: {error}") from None


def _check_depth(text: str) -> None:
    """Refuse what costs the parser recursion or quadratic time; also counts inside of texts."""
    depth = 0
    for char in text:
        depth = max(0, depth + (char in "[{") - (char in "]}"))
        if depth > MAX_DEPTH:
            raise UsageError(f"more than {MAX_DEPTH} brackets within brackets")
    if any(line.count(".") > MAX_DOTS for line in text.splitlines()):
        raise UsageError(f"more than {MAX_DOTS} dots in one line")


class OptionFiles:
    """Cache of the ``pagefleet.toml`` files of an inbox; thread-safe."""

    def __init__(self, inbox: Inbox, request: Request) -> None:
        self._inbox = inbox
        self._request = request
        self._files: dict[str, OptionsFile] = {}
        #: The error that was reported last, by key.
        self._reported: dict[str, str] = {}

    def cached(self, key: str) -> FolderOptions:
        """Options for ``key`` from the cache, without a request; bad files count as empty."""
        return self._merged(map(self._files.get, _chain(key)))

    def fresh(self, key: str) -> FolderOptions:
        """Current options for ``key``; raises BadFolderOptions."""
        chain = [self.refresh(name) for name in _chain(key)]
        for file in chain:
            if file is not None and file.error is not None:
                raise file.error
        return self._merged(chain)

    def refresh(self, name: str) -> OptionsFile | None:
        """Read one such file again; None where it does not exist."""
        try:
            file = parse(name, self._inbox.read(name, MAX_BYTES), self._request)
        except NotFound:
            self._files.pop(name, None)
            self._reported.pop(name, None)
            return None
        except (TooLarge, Unreadable, UnusableName) as error:
            is_lasting = not isinstance(error, Unreadable)
            fault = BadFolderOptions(name, error.message, is_lasting=is_lasting)
            file = OptionsFile(FolderOptions(), fault)
        self._files[name] = file
        if file.error is None:
            self._reported.pop(name, None)
        return file

    def is_unreported(self, error: BadFolderOptions) -> bool:
        """True once per error and file; the caller then reports the error."""
        if self._reported.get(error.key) == str(error):
            return False
        self._reported[error.key] = str(error)
        return True

    def is_blocked(self, key: str) -> bool:
        """Whether a cached file that applies to ``key`` is not valid."""
        chain = map(self._files.get, _chain(key))
        return any(file is not None and file.error is not None for file in chain)

    def render(self, key: str) -> RenderOptions:
        """Render options of the document of ``key``."""
        try:
            return self.cached(key).apply(self._request).render
        except PagefleetError:
            return self._request.render

    def names(self) -> frozenset[str]:
        """Keys of the cached files."""
        return frozenset(self._files)

    @staticmethod
    def _merged(chain: Iterable[OptionsFile | None]) -> FolderOptions:
        merged = FolderOptions()
        for file in chain:
            if file is not None:
                merged = file.options.over(merged)
        return merged


def is_options_file(key: str) -> bool:
    """Whether ``key`` is such a file."""
    return key.rpartition("/")[2] == NAME


def _chain(key: str) -> Iterator[str]:
    """Keys of the files that apply to ``key``, from the top folder down."""
    folders = key.split("/")[:-1]
    for depth in range(len(folders) + 1):
        yield "/".join([*folders[:depth], NAME])
