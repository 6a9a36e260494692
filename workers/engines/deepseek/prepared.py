"""The file that carries a prepared page from a helper process to the engine."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from workers.engines.deepseek.modes import Mode
from workers.engines.deepseek.pixels import Levels, Picture, Views

#: Size of the header: one memory page, so that the pixels after it are aligned.
HEADER_BYTES = 4096
_VIEWS = "pagefleet-levels-1"
_PICTURE = "pagefleet-picture-1"


def write_page(page: Picture | Views, out: Path) -> None:
    """Write ``page`` to ``out``; raises OSError if the file system is full.

    The file is written and not memory-mapped: on a full tmpfs a mapped write raises SIGBUS.
    """
    with out.open("wb") as file:
        if isinstance(page, Picture):
            _write_header(file, _PICTURE, pixels=page.pixels.shape)
            _write(file, page.pixels)
            return
        whole, tiles = page.whole.shape, page.tiles.shape
        _write_header(file, _VIEWS, grid=page.grid, whole=whole, tiles=tiles)
        for view in (page.whole, *page.tiles):
            _write(file, view)


def _write_header(file: BinaryIO, kind: str, **shapes: Sequence[int]) -> None:
    header = {"format": kind, **shapes}
    file.write(json.dumps(header).encode().ljust(HEADER_BYTES))


def _write(file: BinaryIO, levels: Levels) -> None:
    file.write(np.ascontiguousarray(levels).data)


def read_page(path: Path, mode: Mode) -> Picture | Views:
    """Memory-map a page in ``mode`` that ``write_page`` wrote.

    Raises ValueError for a truncated or unknown file, and OSError.
    """
    header = _header(path)
    if header["format"] == _PICTURE:
        shape = tuple(header["pixels"])
        _check_size(path, math.prod(shape))
        return Picture(_map(path, HEADER_BYTES, shape), mode)
    whole, tiles = tuple(header["whole"]), tuple(header["tiles"])
    first = math.prod(whole)
    _check_size(path, first + math.prod(tiles))
    columns, rows = header["grid"]
    return Views(
        (columns, rows),
        _map(path, HEADER_BYTES, whole),
        _map(path, HEADER_BYTES + first, tiles),
    )


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        header = json.loads(file.read(HEADER_BYTES))
    if not isinstance(header, dict) or header.get("format") not in (_VIEWS, _PICTURE):
        raise ValueError("not a prepared page")
    return header


def _check_size(path: Path, pixels: int) -> None:
    if path.stat().st_size != HEADER_BYTES + pixels:
        raise ValueError("the prepared page is cut short")


def _map(path: Path, offset: int, shape: tuple[int, ...]) -> Levels:
    if not all(shape):
        return np.empty(shape, np.uint8)
    # Copy-on-write: tensor libraries need writable memory, and the file must not change.
    return np.memmap(path, np.uint8, "c", offset, shape)
