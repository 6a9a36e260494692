"""The files in which a helper process leaves a page for the engine: tensors, bare levels of its
views, or the page as it was drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workers.deepseek.modes import Grid, Mode
from workers.deepseek.pixels import (
    CHANNELS,
    Halves,
    Levels,
    Picture,
    Views,
    full_shape,
    to_bfloat16,
)

#: The header's room; a whole memory page, so that the tensors behind it are aligned.
HEADER_BYTES = 4096
_FORMAT = "pagefleet-views-1"
_LEVELS = "pagefleet-levels-1"
_PICTURE = "pagefleet-picture-1"


@dataclass(frozen=True)
class Prepared:
    """A page's tensors in bfloat16, mapped from the file and private to the reader."""

    grid: Grid
    #: 3 x side x side.
    whole: Halves
    #: tiles x 3 x side x side.
    tiles: Halves

    @property
    def nbytes(self) -> int:
        """Bytes of both tensors."""
        return int(self.whole.nbytes + self.tiles.nbytes)


def write_prepared(views: Views, out: Path) -> None:
    """Write ``views`` to ``out``; raises OSError where the room does not suffice.

    Written and not mapped: a full memory file system is an error then, not a signal.
    """
    with out.open("wb") as file:
        whole, tiles = full_shape(views.whole), full_shape(views.tiles)
        _write_header(file, _FORMAT, grid=views.grid, whole=whole, tiles=tiles)
        _write_view(file, views.whole)
        for tile in views.tiles:
            _write_view(file, tile)


def write_levels(views: Views, out: Path) -> None:
    """Write the levels of ``views`` to ``out``, for an engine that looks them up by itself.

    A sixth of the tensors' size for a page without colour, half of it for others.
    """
    with out.open("wb") as file:
        whole, tiles = views.whole.shape, views.tiles.shape
        _write_header(file, _LEVELS, grid=views.grid, whole=whole, tiles=tiles)
        file.write(np.ascontiguousarray(views.whole).data)
        for tile in views.tiles:
            file.write(np.ascontiguousarray(tile).data)


def write_page(page: Picture | Views, out: Path) -> None:
    """Write ``page`` for an engine that makes views by itself, or has them; raises OSError."""
    if isinstance(page, Views):
        write_levels(page, out)
        return
    with out.open("wb") as file:
        _write_header(file, _PICTURE, pixels=page.pixels.shape)
        file.write(np.ascontiguousarray(page.pixels).data)


def _write_header(file: BinaryIO, kind: str, **shapes: Sequence[int]) -> None:
    header = {"format": kind, **shapes}
    file.write(json.dumps(header).encode().ljust(HEADER_BYTES))


def _write_view(file: BinaryIO, view: Levels) -> None:
    halves = to_bfloat16(view)
    for _ in range(CHANNELS // len(halves)):
        file.write(halves.data)


def read_prepared(path: Path) -> Prepared:
    """Map what ``write_prepared`` wrote; raises ValueError where it is cut or foreign."""
    return Prepared(*_read(path, _FORMAT, np.dtype(np.uint16)))


def read_levels(path: Path) -> Views:
    """Map what ``write_levels`` wrote; raises ValueError where it is cut or foreign."""
    return Views(*_read(path, _LEVELS, np.dtype(np.uint8)))


def read_page(path: Path, mode: Mode) -> Picture | Views:
    """Map what ``write_page`` wrote of a page in ``mode``; raises ValueError like the others."""
    header = _header(path)
    if header.get("format") != _PICTURE:
        return read_levels(path)
    shape = tuple(header["pixels"])
    _check_size(path, math.prod(shape))
    return Picture(_map(path, np.dtype(np.uint8), HEADER_BYTES, shape), mode)


def _read(path: Path, kind: str, dtype: np.dtype[Any]) -> tuple[Grid, Any, Any]:
    header = _header(path)
    if header.get("format") != kind:
        raise ValueError("not a prepared page")
    whole, tiles = tuple(header["whole"]), tuple(header["tiles"])
    first = dtype.itemsize * math.prod(whole)
    _check_size(path, first + dtype.itemsize * math.prod(tiles))
    columns, rows = header["grid"]
    views = (_map(path, dtype, HEADER_BYTES, whole), _map(path, dtype, HEADER_BYTES + first, tiles))
    return (columns, rows), *views


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        header = json.loads(file.read(HEADER_BYTES))
    if not isinstance(header, dict):
        raise ValueError("not a prepared page")
    return header


def _check_size(path: Path, pixels: int) -> None:
    if path.stat().st_size != HEADER_BYTES + pixels:
        raise ValueError("the prepared page is cut short")


def _map(path: Path, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> NDArray[Any]:
    if not all(shape):
        return np.empty(shape, dtype)
    # Copy-on-write: tensor libraries want writable memory, the file stays as it is.
    return np.memmap(path, dtype, "c", offset, shape)
