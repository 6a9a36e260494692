"""Runs inside a reading process: loads the models once, then reads page after page."""

from functools import cache
from pathlib import Path

import numpy as np

from shared.domain.errors import EngineFailed
from shared.domain.records import Block
from shared.domain.tasks import Task
from workers.engines.cpu.assembly import assemble
from workers.engines.cpu.blocks.markdown import Written, page_markdown, write
from workers.engines.cpu.blocks.plain import plain_blocks, plain_text
from workers.engines.cpu.born_digital import see_text_layer
from workers.engines.cpu.ipc import PageReply, PageRequest
from workers.engines.cpu.ocr import recognizer
from workers.engines.cpu.ocr.recognizer import Pixels, Recognizer
from workers.engines.cpu.ocr.weights import find_weights
from workers.engines.cpu.recognized_page import Seen
from workers.engines.cpu.scanned import see_pixels


@cache
def load(model: str) -> Recognizer:
    """The weights of ``model``, loaded once in this process; raises EngineUnavailable."""
    return recognizer.load(find_weights(model))


def read_page(model: str, request: PageRequest) -> PageReply:
    """Read one page with ``model``; raises EngineFailed."""
    seen = _see(load(model), request)
    drafts = assemble(seen.content)
    written = write(drafts)
    notes = (f"read from its {seen.way}",)
    if request.task is Task.OCR:
        return PageReply(plain_text(drafts), plain_blocks(drafts, seen), seen.turn, notes)
    if request.task is Task.FREE_OCR:
        return PageReply(plain_text(drafts), (), seen.turn, notes)
    blocks = tuple(_block(part, seen) for part in written)
    if request.task is Task.LAYOUT:
        bare = tuple(block.model_copy(update={"text": ""}) for block in blocks)
        return PageReply("", bare, seen.turn, notes)
    return PageReply(page_markdown(written), blocks, seen.turn, notes)


def _see(models: Recognizer, request: PageRequest) -> Seen:
    image = _pixels(request)
    if request.kind == "pdf" and request.text_layer != "never":
        seen = see_text_layer(request.source, request.page, image, models, request.text_layer)
        if seen is not None:
            return seen
    return see_pixels(models, image)


def _pixels(request: PageRequest) -> Pixels:
    """The page as BGR, contiguous, which is what the models take."""
    expected = request.height * request.width * 3
    if Path(request.pixels).stat().st_size != expected or expected == 0:
        raise EngineFailed(
            f"page {request.page}: its pixels are not {request.width}x{request.height}"
        )
    shape = (request.height, request.width, 3)
    mapped = np.memmap(request.pixels, np.uint8, "r", shape=shape)
    return np.ascontiguousarray(mapped[:, :, ::-1])


def _block(part: Written, seen: Seen) -> Block:
    draft = part.draft
    return Block(
        type=draft.kind,
        bbox=seen.on_grid(draft.box),
        text=part.text,
        confidence=draft.confidence,
    )
