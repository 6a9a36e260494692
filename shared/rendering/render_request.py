"""The request for one page that a rendering process gets."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from shared.domain.errors import RenderFailed
from shared.domain.filetype import Kind

if TYPE_CHECKING:
    # Rendering processes need no settings, and their import takes a third of the start.
    from shared.config.settings import Settings

_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class RenderRequest:
    """One page of a local file, 1-based, with limits on pixels and memory."""

    source: Path
    kind: Kind
    page: int
    max_pixels: int
    memory_mb: int


def render_request(source: Path, kind: str, page: int, settings: "Settings") -> RenderRequest:
    """The request for one page with the limits of ``settings``; raises RenderFailed."""
    return RenderRequest(
        source, check_kind(kind), page, settings.max_page_pixels, settings.page_memory_mb
    )


def check_kind(kind: str) -> Kind:
    """``kind`` as a Kind; raises RenderFailed where such files cannot be rendered."""
    for supported in _KINDS:
        if kind == supported:
            return supported
    raise RenderFailed(f"files of kind {kind!r} can't be rendered")
