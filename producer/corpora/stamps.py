"""Names documents and their versions, without reading them."""

import hashlib
import json

from producer.intake.input import Input
from producer.submission.request import Request
from shared.config.settings import Settings
from shared.domain.records.options import PageSettings
from shared.storage.factory import find_uri

_DIGITS = 32


def document_key(input_: Input) -> str:
    """Names a document within its collection: 32 hex digits of its address, task and pages."""
    # A line that is not valid names no document; its file and line stand for it.
    is_file = input_.kind == "file" and input_.word != input_.where
    address = str(input_.path.absolute()) if is_file else input_.word
    return _digest([address, input_.overrides.task, input_.overrides.pages])


class Stamps:
    """Stamps of the inputs of one command; thread-safe."""

    def __init__(self, request: Request) -> None:
        self._settings = request.settings
        self._options = _options(request)

    def of(self, input_: Input) -> str | None:
        """A digest of the version of the source and of all options; None: it can't be named.

        Equal stamps have the same job. Raises StoreUnreachable.
        """
        version = _version(input_, self._settings)
        if version is None:
            return None
        overrides = input_.overrides
        own = [overrides.name, overrides.task, overrides.pages, overrides.priority]
        return _digest([version, self._options, own, overrides.labels])


def _version(input_: Input, settings: Settings) -> str | None:
    if input_.kind == "stdin":
        return None
    if input_.kind == "s3":
        return input_.listed or _current_version(input_.word, settings)
    try:
        status = input_.path.stat()
    except (OSError, ValueError):
        return None
    return f"{status.st_size}-{status.st_mtime_ns}"


def _current_version(uri: str, settings: Settings) -> str | None:
    found = find_uri(uri, settings)
    return None if found is None else found.etag


def _options(request: Request) -> str:
    """Everything but the password, which changes no accepted document."""
    settings = request.settings
    return _digest(
        [
            [settings.engine, settings.model, settings.revision],
            {name: getattr(settings, name) for name in PageSettings.model_fields},
            [request.task, request.prompt, request.query, request.pages, request.priority],
            [request.render.model_dump(mode="json"), request.labels, request.webhook],
        ]
    )


def _digest(facts: object) -> str:
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
