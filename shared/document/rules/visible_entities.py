"""Shows entities as text that a renderer would turn into controls or marks of direction."""

import re

from shared.document.code_spans import sub_outside_code
from shared.document.control_characters import C1_AND_DIRECTION
from shared.document.draft import per_prose
from shared.document.syntax import HTML_LINE

_UNSAFE = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f{C1_AND_DIRECTION}]")
#: In raw HTML a browser decodes any number of digits, also without a semicolon.
_ENTITY = re.compile(
    r"&(?:#(?:[xX]0*+(?P<hex>[0-9a-fA-F]*+)|0*+(?P<decimal>[0-9]*+))|(?P<name>lrm|rlm);)"
)
#: Digits of the highest character.
_MAX_DIGITS = 7


@per_prose
def visible_entities(text: str) -> str:
    """Escape the ampersand of such an entity outside of code."""
    if "&" not in text:
        return text
    # Raw HTML has no code spans.
    return _ENTITY.sub(_visible, text) if HTML_LINE.search(text) else _outside_code(text)


def _outside_code(text: str) -> str:
    return sub_outside_code(_ENTITY, _visible, text)


def _visible(entity: re.Match[str]) -> str:
    if entity["name"] is None and not _is_unsafe(entity):
        return entity.group()
    return f"&amp;{entity.group()[1:]}"


def _is_unsafe(entity: re.Match[str]) -> bool:
    digits, base = (entity["decimal"], 10) if entity["hex"] is None else (entity["hex"], 16)
    if not digits or len(digits) > _MAX_DIGITS:
        return False
    number = int(digits, base)
    return number <= 0x10FFFF and _UNSAFE.match(chr(number)) is not None
