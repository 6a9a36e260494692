"""Whether a page or a column ends between two units."""

from shared.document.structure.units import Context, Unit

#: Columns may overlap by this, on a scale of 999.
_OVERLAP = 20


def is_break(before: Unit, unit: Unit) -> bool:
    """Whether the two stand on different pages or in different columns."""
    if before.last.page != unit.first.page:
        return True
    a, b = before.last.box, unit.first.box
    return a is not None and b is not None and b[0] >= a[2] - _OVERLAP and b[1] < a[3]


def crosses_break(before: Unit, unit: Unit, context: Context) -> bool:
    """Whether only the end of a column or a page stands between the two."""
    return is_break(before, unit) and context.follows(before.last.page, unit.page)
