"""Prepares the pages of a report, a few pages ahead of the one that is written."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

from producer.delivery.export import StoredFigures
from producer.report.cards import (
    Card,
    Part,
    boxes,
    drawing_size,
    facts,
    fallback_note,
    ties,
)
from producer.report.markdown import to_htmls
from producer.report.media import Media
from producer.report.parts import TextPart
from shared.config.settings import Settings
from shared.document.rules.figure_links import figure_url
from shared.domain.errors import PageError, PagefleetError
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore
from shared.processes.sandbox import Sandbox, SandboxError
from shared.rendering.page_errors import page_errors
from shared.rendering.previews.preview import preview
from shared.rendering.render_request import render_request

#: Pixels of a page image's longer side.
LONGEST_SIDE = 1300
MARKDOWN_TIMEOUT_S = 20.0
#: Characters of Markdown shown for one page.
MAX_CHARACTERS = 400_000
#: Bytes of figures shown for one page.
MAX_FIGURE_BYTES = 12 * 1024 * 1024
#: Modules that the helper processes load in advance.
PRELOAD = ("shared.rendering.previews.preview", "producer.report.markdown")
PROCESSES = min(4, os.cpu_count() or 1)
AHEAD = 2 * PROCESSES


@dataclass(frozen=True)
class _PendingCard:
    """A page whose image and HTML are being made in helper processes."""

    page: int
    result: PageResult | None
    parts: tuple[TextPart, ...]
    picture: "Future[bytes] | None"
    html: "Future[list[str]] | None"


@dataclass(frozen=True)
class PageToShow:
    """One page of a report; ``result`` is None while it waits."""

    page: int
    result: PageResult | None
    parts: tuple[TextPart, ...] = ()


class Cards:
    """Reads a job page by page; renders images and Markdown in ``sandbox``."""

    def __init__(
        self,
        settings: Settings,
        jobs: JobStore,
        manifest: Manifest,
        sandbox: Sandbox,
        media: Media,
        source: Path | None,
    ) -> None:
        """``source`` is the document as a local file; None where the store no longer has it."""
        self._settings = settings
        self._jobs = jobs
        self._manifest = manifest
        self._sandbox = sandbox
        self._media = media
        self._source = source

    def of(self, pages: Sequence[PageToShow]) -> Iterator[Card]:
        """The cards of ``pages`` in their order."""
        pending: deque[_PendingCard] = deque()
        for page in pages:
            pending.append(self._begin(page))
            if len(pending) > AHEAD:
                yield self._finish(pending.popleft())
        while pending:
            yield self._finish(pending.popleft())

    def _begin(self, page: PageToShow) -> _PendingCard:
        result = page.result
        if result is None:
            return _PendingCard(page.page, None, (), self._render(page.page, 0), None)
        html = self._sandbox.submit(
            to_htmls,
            _limited([part.markdown for part in page.parts]),
            self._figures(result),
            timeout_s=MARKDOWN_TIMEOUT_S,
        )
        picture = self._render(page.page, result.image.rotation)
        return _PendingCard(page.page, result, page.parts, picture, html)

    def _render(self, page: int, rotation: int) -> "Future[bytes] | None":
        if self._source is None:
            return None
        kind = self._manifest.source.key.rsplit(".", 1)[-1]
        with suppress(PageError):
            request = render_request(self._source, kind, page, self._settings)
            limit = self._settings.page_timeout_s
            return self._sandbox.submit(preview, request, rotation, LONGEST_SIDE, timeout_s=limit)
        return None

    def _figures(self, result: PageResult) -> Mapping[str, str]:
        """The addresses of a page's figures, by their links in its Markdown."""
        addresses, bytes_left = {}, MAX_FIGURE_BYTES
        stored = StoredFigures(self._jobs, self._manifest)
        for figure in result.figures:
            name = figure.key.rsplit("/", 1)[-1]
            data = stored.figure(name)
            if data is not None and len(data) <= bytes_left:
                bytes_left -= len(data)
                addresses[figure_url("", figure.key)] = self._media.store(name, data, "png")
        return addresses

    def _finish(self, pending: _PendingCard) -> Card:
        size = drawing_size(pending.result)
        picture, missing = self._picture(pending)
        if pending.result is None:
            return Card(pending.page, "waiting", (), picture, missing, *size)
        result = pending.result
        error = result.error
        return Card(
            page=pending.page,
            status=result.status,
            parts=_parts(pending),
            picture=picture,
            missing=missing,
            width=size[0],
            height=size[1],
            boxes=boxes(result, size),
            error=f"{error.code}: {error.message}" if error else "",
            fallback=fallback_note(result),
            quality=result.quality,
            facts=facts(result),
        )

    def _picture(self, pending: _PendingCard) -> tuple[str, str]:
        """The address of the page image; or "" and the reason why there is none."""
        if pending.picture is None:
            return "", "the submitted document is no longer in the store"
        try:
            with page_errors(self._settings):
                data = pending.picture.result()
        except PagefleetError as error:
            return "", error.message
        return self._media.store(f"{pending.page:06d}.jpg", data, "jpeg"), ""


def _parts(pending: _PendingCard) -> tuple[Part, ...]:
    """The page's text as HTML; as plain text where rendering exceeds its limits."""
    if pending.html is None:
        return ()
    try:
        texts = pending.html.result()
    except SandboxError:
        texts = [f"<pre>{escape(part.markdown)}</pre>" for part in pending.parts]
    return tuple(
        Part(part.id, html, ties(part.boxes), part.before, part.after)
        for part, html in zip(pending.parts, texts, strict=True)
    )


def _limited(texts: Sequence[str]) -> list[str]:
    """``texts``, cut off after the characters that are shown of one page."""
    left, limited = MAX_CHARACTERS, []
    for text in texts:
        limited.append(text[:left])
        left -= len(limited[-1])
    return limited
