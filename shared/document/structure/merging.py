"""Makes one document of the pages: reads their units, applies the rules, writes page texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from shared.document.structure.page_units import page_units
from shared.document.structure.units import FIGURE_LINK, Context, Join, Rule, Unit
from shared.domain.records import PageResult, RenderOptions

_GAP = "\n\n"


@dataclass(frozen=True)
class StructuredPages:
    """The Markdown of each page after the rules of structure, and what was joined."""

    texts: tuple[str, ...]
    units: tuple[Unit, ...]
    joins: tuple[Join, ...]


def structured(
    pages: Sequence[PageResult], render: RenderOptions, rules: Iterable[Rule]
) -> StructuredPages:
    """``pages`` after ``rules``; a joined unit stands in the text of its first page."""
    context = Context(tuple(pages), render)
    raw: Sequence[Unit] = [unit for page in pages for unit in page_units(page)]
    units = reduce(lambda units, rule: rule(units, context), rules, raw)
    by_page = _by_page(units, context)
    return StructuredPages(
        tuple(_text(by_page[page.page]) for page in pages), tuple(units), tuple(context.joins)
    )


def _by_page(units: Sequence[Unit], context: Context) -> dict[int, list[Unit]]:
    """The units of each page in their order; one that was moved behind a later page goes there.

    Only a figure stays on its page, because its link is the number of a figure of that page.
    """
    result: dict[int, list[Unit]] = {page.page: [] for page in context.pages}
    latest = 0
    for unit in units:
        position = context.position[unit.page]
        if FIGURE_LINK not in unit.text:
            latest = position = max(latest, position)
        result[context.pages[position].page].append(unit)
    return result


def _text(units: Sequence[Unit]) -> str:
    return "".join(
        ((unit.lead or _GAP) if index else "") + _written(unit) for index, unit in enumerate(units)
    )


def _written(unit: Unit) -> str:
    indent = " " * unit.level
    if unit.kind == "item":
        return f"{indent}{unit.marker} {unit.text}"
    if unit.kind == "text" and indent:
        return "\n".join(indent + line for line in unit.text.split("\n"))
    return unit.text
