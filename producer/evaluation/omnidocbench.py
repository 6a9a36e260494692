"""Reads the annotations of OmniDocBench (Ouyang et al., CVPR 2025, arXiv:2412.07626) as truth.

The JSON file is a list of pages. A page has ``layout_dets`` with a category, an order, and text,
LaTeX or HTML; its result is the Markdown file with the name of the page image.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, TypeAdapter, ValidationError

from producer.delivery.stems import safe_stem
from producer.evaluation.normal_text import normal_text
from producer.evaluation.pages import MAX_RECORD_BYTES, read_limited, read_markdown
from producer.evaluation.values import Block, BlockKind, PagePair
from shared.domain.errors import CorruptDocument

#: Categories that OmniDocBench scores, by the metric.
_SCORED: dict[str, BlockKind] = {
    "text_block": "text", "title": "text", "code_txt": "text", "reference": "text",
    "equation_isolated": "formula", "table": "table",
}  # fmt: skip
#: Categories of text that it matches and does not score.
_OPTIONAL = frozenset(
    (
        "figure_caption", "figure_footnote", "table_caption", "table_footnote",
        "code_txt_caption", "code_algorithm", "code_algorithm_caption", "equation_caption",
        "header", "footer", "page_footnote", "page_number",
    )
)  # fmt: skip


class _Detection(BaseModel):
    category_type: str
    order: float | None = None
    ignore: bool = False
    text: str | None = None
    latex: str | None = None
    html: str | None = None


class _PageInfo(BaseModel):
    image_path: str


class _Sample(BaseModel):
    layout_dets: list[_Detection]
    page_info: _PageInfo


_SAMPLES: TypeAdapter[list[_Sample]] = TypeAdapter(list[_Sample])


def benchmark_pairs(results: Path, truth: Path) -> Iterator[PagePair]:
    """Every page of the benchmark with its result; raises CorruptDocument, TooLarge, UsageError."""
    try:
        samples = _SAMPLES.validate_json(read_limited(truth, MAX_RECORD_BYTES))
    except ValidationError:
        message = (
            f"{truth} is not in OmniDocBench's layout; TRUTH may also be a folder of .md files"
        )
        raise CorruptDocument(message) from None
    for sample in samples:
        stem = safe_stem(sample.page_info.image_path.replace("\\", "/").rpartition("/")[2])
        path = results / f"{stem}.md"
        result = read_markdown(path) if path.is_file() else None
        yield PagePair(stem, None, result, _blocks(sample))


def _blocks(sample: _Sample) -> tuple[Block, ...]:
    """The blocks in reading order; those without an order are last."""
    kept = [each for each in sample.layout_dets if not each.ignore]
    kept.sort(key=lambda each: float("inf") if each.order is None else each.order)
    found = (_block(each) for each in kept)
    return tuple(block for block in found if block is not None and block.content.strip())


def _block(detection: _Detection) -> Block | None:
    category = detection.category_type
    kind: BlockKind | Literal[""] = _SCORED.get(category, "text" if category in _OPTIONAL else "")
    if kind == "table":
        return Block("table", detection.html or "")
    if kind == "formula":
        return Block("formula", _without_delimiters(detection.latex or detection.text or ""))
    if kind == "text":
        return Block("text", normal_text(detection.text or ""), category in _SCORED)
    return None


def _without_delimiters(latex: str) -> str:
    latex = latex.strip()
    for opening, closing in (("$$", "$$"), ("\\[", "\\]"), ("$", "$")):
        if latex.startswith(opening) and latex.endswith(closing):
            return latex.removeprefix(opening).removesuffix(closing)
    return latex
