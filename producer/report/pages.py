"""Makes the cards of a report, a few pages ahead of what is being written."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path

from producer.report.cards import Card, boxes, drawing_size, facts
from producer.report.markdown import to_html
from producer.report.media import Media
from shared.config.settings import Settings
from shared.document.assembly import drafts
from shared.document.draft import Draft
from shared.document.rules.figure_links import figure_url
from shared.domain import object_keys
from shared.domain.errors import NotFound, PageError, PagefleetError
from shared.domain.records import Manifest, PageResult, RenderOptions
from shared.jobs.job_store import JobStore
from shared.processes.sandbox import Sandbox, SandboxError
from shared.rendering.page_errors import page_errors
from shared.rendering.preview import preview
from shared.rendering.render_request import render_request

#: Pixels of a page picture's longer side.
LONGEST_SIDE = 1300
MARKDOWN_TIMEOUT_S = 20.0
#: More of a page's Markdown is not shown.
MAX_CHARACTERS = 400_000
#: Bytes of figures shown for one page.
MAX_FIGURE_BYTES = 12 * 1024 * 1024
#: Modules that the helpers need.
PRELOAD = ("shared.rendering.preview", "producer.report.markdown")
PROCESSES = min(4, os.cpu_count() or 1)
AHEAD = 2 * PROCESSES


@dataclass(frozen=True)
class _Begun:
    page: int
    result: PageResult | None
    text: str
    picture: "Future[bytes] | None"
    html: "Future[str] | None"


class Cards:
    """Reads a job page by page; drawing and Markdown happen in ``sandbox``."""

    def __init__(
        self,
        settings: Settings,
        jobs: JobStore,
        manifest: Manifest,
        sandbox: Sandbox,
        media: Media,
        source: Path | None,
    ) -> None:
        """``source`` is the document as a local file, or None where it is gone."""
        self._settings = settings
        self._jobs = jobs
        self._manifest = manifest
        self._sandbox = sandbox
        self._media = media
        self._source = source

    def of(self, pages: list[int]) -> Iterator[Card]:
        """The cards of ``pages``, in order; a page without a result has one too."""
        states = self._jobs.page_states(self._manifest.job_id)
        have = [page for page in pages if page in states.all]
        results = self._jobs.results(self._manifest.job_id, have, states)
        merged = iter(drafts(results, RenderOptions(page_breaks="none")))
        begun: deque[_Begun] = deque()
        for page in pages:
            begun.append(self._begin(page, next(merged) if page in states.all else None))
            if len(begun) > AHEAD:
                yield self._finish(begun.popleft())
        while begun:
            yield self._finish(begun.popleft())

    def _begin(self, page: int, draft: Draft | None) -> _Begun:
        if draft is None:
            return _Begun(page, None, "", self._draw(page, 0), None)
        result, text = draft.result, draft.text[:MAX_CHARACTERS]
        html = self._sandbox.submit(
            to_html, text, self._figures(result), timeout_s=MARKDOWN_TIMEOUT_S
        )
        return _Begun(page, result, text, self._draw(page, result.image.rotation), html)

    def _draw(self, page: int, rotation: int) -> "Future[bytes] | None":
        if self._source is None:
            return None
        kind = self._manifest.source.key.rsplit(".", 1)[-1]
        with suppress(PageError):
            order = render_request(self._source, kind, page, self._settings)
            limit = self._settings.page_timeout_s
            return self._sandbox.submit(preview, order, rotation, LONGEST_SIDE, timeout_s=limit)
        return None

    def _figures(self, result: PageResult) -> Mapping[str, str]:
        """Where the pictures of a page's figures are, by their links in its Markdown."""
        found, room = {}, MAX_FIGURE_BYTES
        for figure in result.figures:
            name = figure.key.rsplit("/", 1)[-1]
            if not object_keys.is_figure_name(name):
                continue
            with suppress(NotFound):
                data = self._jobs.store.get(object_keys.figures(result.job_id) + name)
                room -= len(data)
                if room >= 0:
                    found[figure_url("", figure.key)] = self._media.keep(name, data, "png")
        return found

    def _finish(self, begun: _Begun) -> Card:
        size = drawing_size(begun.result)
        picture, missing = self._picture(begun)
        if begun.result is None:
            return Card(begun.page, "waiting", "", picture, missing, *size)
        result = begun.result
        error = result.error
        return Card(
            page=begun.page,
            status=result.status,
            html=_html(begun),
            picture=picture,
            missing=missing,
            width=size[0],
            height=size[1],
            boxes=boxes(result, size),
            error=f"{error.code}: {error.message}" if error else "",
            facts=facts(result),
        )

    def _picture(self, begun: _Begun) -> tuple[str, str]:
        """The picture's address, or "" and the reason."""
        if begun.picture is None:
            return "", "the document is no longer in the store"
        try:
            with page_errors(self._settings):
                data = begun.picture.result()
        except PagefleetError as error:
            return "", error.message
        return self._media.keep(f"{begun.page:06d}.jpg", data, "jpeg"), ""


def _html(begun: _Begun) -> str:
    """The page's Markdown rendered, or as plain text where that takes too much."""
    if begun.html is None:
        return ""
    try:
        return begun.html.result()
    except SandboxError:
        return f"<pre>{escape(begun.text)}</pre>"
