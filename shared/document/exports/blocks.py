"""The blocks of a document with their places, for formats that say where a text stands."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.document.assembly import safe_text
from shared.document.exports.export_input import ExportInput
from shared.document.merged_pages import MergedPages
from shared.document.structure.units import Place, Unit, UnitKind
from shared.domain.records.page_result import PageResult


@dataclass(frozen=True, slots=True)
class ExportBlock:
    """One block; ``text`` is Markdown after the safety rules, without the mark of an item."""

    kind: UnitKind
    text: str
    places: tuple[Place, ...]
    #: The level of a heading, from 1; the nesting of an item or of its paragraph, from 0.
    level: int = 0
    #: The mark of an item, such as "-" or "3."; "" for other blocks.
    marker: str = ""
    #: Whether it follows the block before without a blank line, as an item does.
    is_tight: bool = False

    @property
    def markdown(self) -> str:
        """The block as it stands in a Markdown file."""
        if self.kind == "item":
            return f"{' ' * self.level}{self.marker} {self.text}"
        if self.kind == "text" and self.level:
            return "\n".join(" " * self.level + line for line in self.text.split("\n"))
        return self.text


def blocks(exported: ExportInput, merged: MergedPages) -> Iterator[ExportBlock]:
    """The blocks of ``merged`` in order; a failed page is a note that says why."""
    results = {page.page: page for page in exported.pages}
    failed = [page for page in exported.pages if page.status == "failed"]
    for unit in merged.units:
        while failed and failed[0].page < unit.page:
            yield _failure(failed.pop(0), merged)
        block = _block(unit, results[unit.page], merged)
        if block.text.strip():
            yield block
    for page in failed:
        yield _failure(page, merged)


def _block(unit: Unit, page: PageResult, merged: MergedPages) -> ExportBlock:
    text = safe_text(page, unit.text, merged.render).strip("\n")
    tight = unit.kind == "item" and unit.lead == "\n"
    shown = unit.kind == "equation" and text.startswith("![")
    kind = "figure" if shown else unit.kind  # the picture of a formula
    return ExportBlock(kind, text, unit.places, unit.level, unit.marker, tight)


def _failure(page: PageResult, merged: MergedPages) -> ExportBlock:
    text = safe_text(page, "", merged.render)
    return ExportBlock("quote", text, (Place(page.page),))
