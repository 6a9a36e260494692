"""Inputs of the writers of export formats, made of the Markdown of pages."""

import io
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from shared.document.exports import ExportInput
from shared.domain.formats.export_formats import export_choice
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult
from tests.support.documents.merged import figures, manifest, results_of
from tests.unit.shared.document.test_hostile import FRAGMENTS


def png(color: str = "red") -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.new("RGB", (40, 20), color).save(file, "PNG")
    return file.getvalue()


def export_input(
    texts: Sequence[str | dict[str, Any]],
    *,
    figure: bytes | None = None,
    chunk_chars: int | None = None,
    **render: Any,
) -> ExportInput:
    """A document of pages with ``texts``, or with the fields of page results.

    Every page has two figures; ``figure`` is their content.
    """
    job = manifest(len(texts))
    pages = [
        {"figures": figures(page, 2), **({"markdown": text} if isinstance(text, str) else text)}
        for page, text in enumerate(texts, start=1)
    ]
    results: tuple[PageResult, ...] = tuple(results_of(job, *pages))
    choice = export_choice(["jsonl"], chunk_chars is not None, chunk_chars)
    data = png() if figure is None else figure
    return ExportInput(job, results, RenderOptions(**render), choice, lambda _: data)


#: A document with one of everything.
PAGES = (
    "# The Harbour\n\nIt has **bold**, *italic*, `code` and a [link](https://e.com/?a=1&b=2). "
    "A note follows here.¹\n\n## Lists\n\n- one\n  - nested\n- two\n\n3. three\n4. four\n\n"
    "> Quoted words.\n\n¹ The text of the note.",
    '## Tables\n\n<table><tr><th colspan="2">Head</th></tr>'
    '<tr><td rowspan="2">a</td><td>b</td></tr>'
    "<tr><td>c</td></tr></table>\n\n![](figure:1)\n\nFigure 1: a caption.\n\n"
    "```\nx < y & z\n  indented\n```\n\nEnergy is \\(E = mc^2\\).",
    {
        "status": "failed",
        "figures": (),
        "error": {"code": "repetition", "message": "a loop"},
    },
    "| a | b |\n|---|:-:|\n| p\\|q | r |\n\nLast words.",
)
NOTE_BLOCK = {"type": "footnote", "bbox": (0, 900, 999, 950), "text": "¹ The text of the note."}

#: Random pages of pieces of attacks.
hostile_pages = st.lists(
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=3)), max_size=16).map("".join),
    min_size=1,
    max_size=3,
)


def everything(**values: Any) -> ExportInput:
    """The document of PAGES, in which the note is known as one."""
    first = {"markdown": PAGES[0], "blocks": (NOTE_BLOCK,)}
    return export_input([first, *PAGES[1:]], **values)
