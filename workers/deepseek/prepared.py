"""The file in which a helper process leaves a page's tensors for the engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workers.deepseek.modes import Grid
from workers.deepseek.pixels import CHANNELS, Halves, Levels, Views, full_shape, to_bfloat16

#: The header's room; a whole memory page, so that the tensors behind it are aligned.
HEADER_BYTES = 4096
_FORMAT = "pagefleet-views-1"


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
    header = {
        "format": _FORMAT,
        "grid": views.grid,
        "whole": full_shape(views.whole),
        "tiles": full_shape(views.tiles),
    }
    with out.open("wb") as file:
        file.write(json.dumps(header).encode().ljust(HEADER_BYTES))
        _write_view(file, views.whole)
        for tile in views.tiles:
            _write_view(file, tile)


def _write_view(file: BinaryIO, view: Levels) -> None:
    halves = to_bfloat16(view)
    for _ in range(CHANNELS // len(halves)):
        file.write(halves.data)


def read_prepared(path: Path) -> Prepared:
    """Map what ``write_prepared`` wrote; raises ValueError where it is cut or foreign."""
    header = _read_header(path)
    whole, tiles = tuple(header["whole"]), tuple(header["tiles"])
    expected = HEADER_BYTES + 2 * (int(np.prod(whole)) + int(np.prod(tiles)))
    if path.stat().st_size != expected:
        raise ValueError("the prepared page is cut short")
    columns, rows = header["grid"]
    return Prepared(
        (columns, rows),
        _map(path, HEADER_BYTES, whole),
        _map(path, HEADER_BYTES + 2 * int(np.prod(whole)), tiles),
    )


def _read_header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        header = json.loads(file.read(HEADER_BYTES))
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise ValueError("not a prepared page")
    return header


def _map(path: Path, offset: int, shape: tuple[int, ...]) -> NDArray[np.uint16]:
    if not all(shape):
        return np.empty(shape, np.uint16)
    # Copy-on-write: tensor libraries want writable memory, the file stays as it is.
    return np.memmap(path, np.uint16, "c", offset, shape)
