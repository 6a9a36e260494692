"""Renderers and source caches that several test modules use."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.config.settings import Settings
from tests.support.documents.rendered_pages import OPTIONS, POINTS, SHA, Pixels, pixels_of
from tests.support.fleets.remote_store import MEGABYTE, RemoteStore
from workers.engines.contract import RenderPlan
from workers.pipeline.rendering import Renderer
from workers.pipeline.source_cache import SourceCache


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def renderer(scratch: Path) -> Iterator[Renderer]:
    renderer = Renderer(Settings(page_memory_mb=1024), processes=1, scratch=scratch)
    yield renderer
    renderer.close()


@pytest.fixture
def new_renderer(scratch: Path) -> Iterator[Callable[..., Renderer]]:
    with ExitStack() as stack:

        def make(processes: int = 1, **settings: Any) -> Renderer:
            renderer = Renderer(Settings(**settings), processes, scratch)
            stack.callback(renderer.close)
            return renderer

        yield make


@pytest.fixture
def render(renderer: Renderer, tmp_path: Path) -> Callable[..., Pixels]:
    numbers = itertools.count()

    def render_page(
        document: bytes, kind: str = "pdf", page: int = 1, plan: RenderPlan = POINTS
    ) -> Pixels:
        path = tmp_path / f"document{next(numbers)}"
        path.write_bytes(document)
        rendered = renderer.render(path, kind, SHA, page, plan, OPTIONS)
        pixels = pixels_of(rendered)
        renderer.discard(rendered.view)
        return pixels

    return render_page


@pytest.fixture
def remote(tmp_path: Path) -> RemoteStore:
    return RemoteStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(remote: RemoteStore, folder: Path) -> SourceCache:
    """Room for two documents of one megabyte."""
    return SourceCache(remote, folder, 2 * MEGABYTE + 1)
