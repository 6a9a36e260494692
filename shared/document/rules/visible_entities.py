"""Shows entities as text that a renderer would turn into controls or marks of direction."""

import re

from shared.document.code_spans import sub_outside_code
from shared.document.control_characters import C1_AND_DIRECTION
from shared.document.draft import per_prose

_UNSAFE = re.compile(f"[\\x00-\\x08\\x0b-\\x1f\\x7f{C1_AND_DIRECTION}]")
_ENTITY = re.compile(
    r"&(?:#(?:[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<decimal>[0-9]{1,7}))|(?P<name>lrm|rlm));"
)


@per_prose
def visible_entities(text: str) -> str:
    """Escape the ampersand of such an entity outside of code."""
    return sub_outside_code(_ENTITY, _visible, text) if "&" in text else text


def _visible(entity: re.Match[str]) -> str:
    if entity["name"] is None and not _is_unsafe(entity):
        return entity.group()
    return f"&amp;{entity.group()[1:]}"


def _is_unsafe(entity: re.Match[str]) -> bool:
    number = int(entity["hex"], 16) if entity["hex"] else int(entity["decimal"])
    return number <= 0x10FFFF and _UNSAFE.match(chr(number)) is not None
