"""What a helper process is asked to draw."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from shared.config.settings import Settings
from shared.domain.errors import RenderFailed
from shared.domain.filetype import Kind

_KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class RenderRequest:
    """One page of a local file, 1-based, and what it may cost."""

    source: Path
    kind: Kind
    page: int
    max_pixels: int
    memory_mb: int


def render_request(source: Path, kind: str, page: int, settings: Settings) -> RenderRequest:
    """The order for one page inside the deployment's limits; raises RenderFailed."""
    limits = settings
    return RenderRequest(
        source, check_kind(kind), page, limits.max_page_pixels, limits.page_memory_mb
    )


def check_kind(kind: str) -> Kind:
    """``kind`` itself where pages of it can be drawn; raises RenderFailed."""
    for known in _KINDS:
        if kind == known:
            return known
    raise RenderFailed(f"files of kind {kind!r} can't be drawn")
