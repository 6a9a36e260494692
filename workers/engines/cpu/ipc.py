"""Messages between the engine and its reading processes: small frozen values that pickle."""

from dataclasses import dataclass

from shared.domain.records.options import TextLayer
from shared.domain.records.page_result import Block, Confidence
from shared.domain.tasks import Task
from workers.engines.contract import Rotation


@dataclass(frozen=True)
class PageRequest:
    """One rendered page to read.

    ``pixels`` is the path of a file of raw RGB bytes, shape (height, width, 3), row-major.
    """

    #: Path of the source document.
    source: str
    #: 1-based page of the source document.
    page: int
    #: "pdf", "png", "jpg", "webp" or "tiff".
    kind: str
    width: int
    height: int
    pixels: str
    task: Task
    text_layer: TextLayer


@dataclass(frozen=True)
class PageReply:
    """The result of one page.

    Boxes of ``blocks`` are on the 0-999 scale of the upright page; ``rotation`` is in degrees
    clockwise from the rendered page to the upright page.
    """

    markdown: str
    blocks: tuple[Block, ...]
    rotation: Rotation
    confidence: Confidence
    #: For the log: whether the text layer or the pixels were read.
    notes: tuple[str, ...] = ()
