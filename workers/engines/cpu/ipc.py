"""What goes into a reading process and what comes back: small frozen values that pickle."""

from dataclasses import dataclass

from shared.domain.records import Block, TextLayer
from shared.domain.tasks import Task
from workers.engines.contract import Rotation


@dataclass(frozen=True)
class PageRequest:
    """One rendered page; ``pixels`` is a file of raw RGB, height x width x 3."""

    source: str
    #: 1-based.
    page: int
    kind: str
    width: int
    height: int
    pixels: str
    task: Task
    text_layer: TextLayer


@dataclass(frozen=True)
class PageReply:
    """What was read; ``rotation`` in degrees clockwise turns the rendered page upright."""

    markdown: str
    blocks: tuple[Block, ...]
    rotation: Rotation
    #: For the log: how the page was read.
    notes: tuple[str, ...] = ()
