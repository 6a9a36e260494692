"""Joins a listing that goes on inside an indented part on the next page.

Two listings that merely meet at a page break stay two. The anchor of the page stands behind the
listing, because in it the anchor would be code.
"""

import re
from collections.abc import Iterable, Iterator

from shared.document.structure.breaks import crosses_break
from shared.document.structure.units import Context, Join, Unit

_FENCE = re.compile(r"(?P<open>`{3,}[^\n`]*)\n(?P<code>.*)\n(?P<close>`{3,})", re.DOTALL)
_DEEPEST = 40
#: A listing with more characters is not joined to the next one, so that memory stays bounded.
_LONGEST = 1 << 20


def code_joins(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with each continued listing at the place of its first part."""
    before: Unit | None = None
    for unit in units:
        joined = _joined(before, unit, context) if before else None
        if before and joined:
            context.joins.append(Join("code", before.last, unit.first))
        elif before:
            yield before
        before = joined or unit
    if before:
        yield before


def _joined(before: Unit, unit: Unit, context: Context) -> Unit | None:
    if before.kind != "code" or unit.kind != "code" or len(before.text) > _LONGEST:
        return None
    if not crosses_break(before, unit, context):
        return None
    first, second = _FENCE.fullmatch(before.text), _FENCE.fullmatch(unit.text)
    if first is None or second is None or first["open"] != second["open"]:
        return None
    indent = _indent(before, unit, first["code"])
    lines = second["code"].split("\n")
    starts_inside = bool(indent) or lines[0].startswith((" ", "\t"))
    if not starts_inside:
        return None
    code = "\n".join([first["code"], *(" " * indent + line if line else line for line in lines)])
    text = f"{first['open']}\n{code}\n{first['close']}"
    return before._replace(text=text, places=before.places + unit.places)


def _indent(before: Unit, unit: Unit, code: str) -> int:
    """How many characters further right the second part begins."""
    a, b = before.last.box, unit.first.box
    longest = max(map(len, code.split("\n")))
    if a is None or b is None or not longest or before.last.page == unit.first.page:
        return 0
    width = (a[2] - a[0]) / longest
    return min(_DEEPEST, max(0, round((b[0] - a[0]) / width))) if width > 0 else 0
