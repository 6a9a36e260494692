"""What the writers of export formats get."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.document.assembly import merge
from shared.document.merged_pages import MergedPages
from shared.domain.formats.export_formats import ExportChoice
from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult


@dataclass(frozen=True)
class ExportInput:
    """A finished document and access to its stored files."""

    manifest: Manifest
    #: The results of all selected pages, in order.
    pages: tuple[PageResult, ...]
    #: The render options of the command.
    render: RenderOptions
    choice: ExportChoice
    #: The bytes of a figure by its file name; None where the store has none.
    figure: Callable[[str], bytes | None]
    _merged: dict[RenderOptions, MergedPages] = field(default_factory=dict, repr=False)

    def merged(self, **changes: Any) -> MergedPages:
        """The document, with ``changes`` to its render options; merged once for all writers."""
        render = self.render.model_copy(update=changes)
        if render not in self._merged:
            self._merged[render] = merge(self.manifest, self.pages, render)
        return self._merged[render]

    def whole(self) -> MergedPages:
        """The document with page anchors, HTML tables and formulas between backslashes."""
        return self.merged(page_breaks="comment", tables="html", math="latex")
