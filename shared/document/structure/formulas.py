r"""Writes formulas with the marks that ``--math`` asks for: ``$…$``, or ``\(…\)`` and ``\[…\]``.

A sign counts as the mark of a formula under the rules of pandoc: no blank space inside of it, and
no digit behind the last one, so that prices stay text. What is in code stays as it is.
"""

import re
from collections.abc import Iterable, Iterator

from shared.document.code_spans import sub_outside_code
from shared.document.structure.units import Context, Unit

#: The most characters of a formula; it bounds the search for its end.
MAX = 2000
#: Another beginning ends the search, but ``\\[2pt]`` is a line break with a distance.
_OPENING = r"(?<!\\)\\[\[(]"
#: A formula of a table stays within its cell.
_IN_TEXT, _IN_TABLE = rf"(?:(?!\n[ \t]*\n|{_OPENING})[^$])", rf"(?:(?!{_OPENING})[^$<>|\n])"


def _dollars(inside: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![\\$])(?:\$\$(?P<display>{inside}{{1,{MAX}}}?)\$\$(?!\$)"
        rf"|\$(?P<inline>(?![\s$]){inside}{{0,{MAX}}}?(?<![\s\\]))\$(?![\d$]))"
    )


def _brackets(inside: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<!\\)(?:\\\[(?P<display>{inside}{{1,{MAX}}}?)(?<!\\)\\\]"
        rf"|\\\((?P<inline>{inside}{{1,{MAX}}}?)(?<!\\)\\\)(?!\d))"
    )


_PATTERNS = {
    ("latex", False): _dollars(_IN_TEXT),
    ("latex", True): _dollars(_IN_TABLE),
    ("dollars", False): _brackets(_IN_TEXT),
    ("dollars", True): _brackets(_IN_TABLE),
}


def formulas(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with the marks of formulas that were asked for; unchanged by default."""
    math = context.render.math
    return iter(units) if math is None else (_marked(unit, math) for unit in units)


def _marked(unit: Unit, math: str) -> Unit:
    if unit.kind == "code" or ("$" not in unit.text and "\\" not in unit.text):
        return unit
    pattern = _PATTERNS[math, unit.kind in ("table", "html")]
    change = _with_brackets if math == "latex" else _with_dollars
    return unit._replace(text=sub_outside_code(pattern, change, unit.text))


def _with_brackets(formula: re.Match[str]) -> str:
    if formula["display"] is not None:
        return rf"\[{formula['display']}\]"
    return rf"\({formula['inline']}\)"


def _with_dollars(formula: re.Match[str]) -> str:
    if formula["display"] is not None:
        return f"$${formula['display']}$$"
    inside = formula["inline"].strip()
    return f"${inside}$" if inside else formula.group()
