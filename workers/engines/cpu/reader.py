"""Reads pages in a reading process: recognition, assembly into blocks, Markdown."""

from functools import cache
from pathlib import Path

import numpy as np

from shared.domain.errors import EngineFailed
from shared.domain.records.page_result import Block
from shared.domain.tasks import Task
from workers.engines.cpu.assembly import drafts_of
from workers.engines.cpu.blocks.markdown import WrittenBlock, page_markdown, write_blocks
from workers.engines.cpu.blocks.plain import plain_blocks, plain_text
from workers.engines.cpu.born_digital import page_from_text_layer
from workers.engines.cpu.confidence import confidence_of
from workers.engines.cpu.ipc import PageReply, PageRequest
from workers.engines.cpu.ocr.recognizer import Recognizer, create_recognizer
from workers.engines.cpu.ocr.weights import find_weights
from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.recognized_page import RecognizedPage
from workers.engines.cpu.scanned.near_pages import NearPages
from workers.engines.cpu.scanned.page import page_from_pixels


@cache
def load_recognizer(model: str) -> Recognizer:
    """The recogniser with the weights of ``model``, loaded once; raises EngineUnavailable."""
    return create_recognizer(find_weights(model))


def read_page(model: str, request: PageRequest) -> PageReply:
    """Read one page with ``model``; raises EngineFailed."""
    page = _recognize(load_recognizer(model), request)
    drafts = drafts_of(page.content)
    written = write_blocks(drafts)
    confidence = confidence_of(page)
    notes = (f"read from its {page.read_from}",)

    def reply(markdown: str, blocks: tuple[Block, ...]) -> PageReply:
        return PageReply(markdown, blocks, page.rotation, confidence, notes)

    if request.task is Task.OCR:
        return reply(plain_text(drafts), plain_blocks(drafts, page))
    if request.task is Task.FREE_OCR:
        return reply(plain_text(drafts), ())
    blocks = tuple(_block(part, page) for part in written)
    if request.task is Task.LAYOUT:
        return reply("", tuple(block.model_copy(update={"text": ""}) for block in blocks))
    return reply(page_markdown(written), blocks)


def _recognize(recognizer: Recognizer, request: PageRequest) -> RecognizedPage:
    """Read the text layer if the page has a correct one, else the pixels."""
    image = _load_pixels(request)
    if request.kind == "pdf" and request.text_layer != "never":
        page = page_from_text_layer(
            request.source, request.page, image, recognizer, request.text_layer
        )
        if page is not None:
            return page
    near = NearPages(request.source, request.page, request.kind == "pdf")
    return page_from_pixels(recognizer, image, near)


def _load_pixels(request: PageRequest) -> Pixels:
    """The rendered page as a contiguous BGR array, the format that the models require."""
    expected = request.height * request.width * 3
    if Path(request.pixels).stat().st_size != expected or expected == 0:
        raise EngineFailed(
            f"page {request.page}: its pixels are not {request.width}x{request.height}"
        )
    shape = (request.height, request.width, 3)
    rgb = np.memmap(request.pixels, np.uint8, "r", shape=shape)
    return np.ascontiguousarray(rgb[:, :, ::-1])


def _block(written: WrittenBlock, page: RecognizedPage) -> Block:
    draft = written.draft
    return Block(
        type=draft.kind,
        bbox=page.normalized(draft.box),
        text=written.text,
        confidence=draft.confidence,
    )
