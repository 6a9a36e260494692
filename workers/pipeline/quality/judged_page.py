"""The text of a page beside what the page shows; all that the rules see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.domain.records.page_result import BBox, Block, Confidence
from shared.rendering.text_block import TextBlock
from shared.rendering.upright import upright_box
from workers.engines.contract import Reading, Rotation
from workers.pipeline.page_evidence import PageEvidence
from workers.pipeline.quality.layer_trust import trusted_text
from workers.pipeline.quality.words import without_markup, words_of

if TYPE_CHECKING:
    from workers.pipeline.page_evidence import InkGrid

#: Coordinates of boxes are 0 to 999.
_SCALE = 1000
_FURNITURE = frozenset({"header", "footer", "page_number"})


@dataclass(frozen=True)
class JudgedPage:
    """One page, upright: its text and blocks, its ink and its text layer."""

    markdown: str
    blocks: tuple[Block, ...] = ()
    finish_reason: str | None = None
    confidence: Confidence | None = None
    #: The ink of the page; None where nothing was rendered.
    ink: InkGrid | None = None
    layer: tuple[TextBlock, ...] = ()
    #: Whether the engine looked at the text layer and did not use it.
    layer_refused: bool = False

    @classmethod
    def of(cls, reading: Reading, evidence: PageEvidence, layer_refused: bool) -> JudgedPage:
        """The page of ``reading``; ``evidence`` is of the rendered page."""
        return cls(
            markdown=reading.markdown,
            blocks=reading.blocks,
            finish_reason=reading.finish_reason,
            confidence=reading.confidence,
            ink=evidence.upright_grid(reading.rotation) if evidence.ink else None,
            layer=_turned(evidence.layer, reading.rotation),
            layer_refused=layer_refused,
        )

    @cached_property
    def words(self) -> list[str]:
        """The words of the Markdown."""
        return words_of(without_markup(self.markdown))

    @cached_property
    def layer_words(self) -> list[str]:
        """The words of a text layer that can be trusted; else none.

        Text without ink, and text that lies only in pictures of the page, is left out.
        """
        if self.layer_refused:
            return []
        shown = [block for block in self.layer if not block.text or self._is_expected(block.bbox)]
        return words_of(trusted_text(shown))

    @cached_property
    def furniture_words(self) -> list[str]:
        """The words of headers, footers and page numbers, which the Markdown lacks."""
        texts = [block.text for block in self.blocks if block.type in _FURNITURE]
        return words_of(without_markup(" ".join(texts)))

    def ink_in(self, box: BBox) -> float:
        """The share of ink in ``box`` and in the cells that it touches; 1 if it is not known."""
        if self.ink is None:
            return 1.0
        rows, columns = self.ink.shape
        left, right = box[0] * columns // _SCALE, box[2] * columns // _SCALE + 1
        top, bottom = box[1] * rows // _SCALE, box[3] * rows // _SCALE + 1
        return float(self.ink[top:bottom, left:right].mean())

    def _is_expected(self, box: BBox) -> bool:
        """Whether text at ``box`` of the layer should be in the Markdown."""
        if self.ink_in(box) == 0:
            return False
        around = {block.type == "image" for block in self.blocks if _lies_in(box, block.bbox)}
        return around != {True}


def _turned(layer: tuple[TextBlock, ...], rotation: Rotation) -> tuple[TextBlock, ...]:
    if not rotation:
        return layer
    return tuple(TextBlock(upright_box(block.bbox, rotation), block.text) for block in layer)


def _lies_in(box: BBox, other: BBox) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]
