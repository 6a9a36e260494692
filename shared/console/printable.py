"""Makes untrusted text safe for terminals: all text that a terminal shows passes through here.

Control characters (C0 and C1), marks that change the direction of text and other unprintable
characters can move the cursor, hide text or make a line look like another one.
"""

import json
from typing import Any

_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)


def printable(text: str) -> str:
    """``text`` with every control or other unprintable character replaced by "?"."""
    return "".join(char if char.isprintable() else "?" for char in text)


def printable_lines(text: str) -> str:
    """``text`` like ``printable``, with its line feeds and tabs kept."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)


def json_line(value: Any) -> str:
    """``value`` as one line of JSON, where unprintable characters are escapes of JSON.

    Values that JSON does not know are written as text.
    """
    line = _ENCODER.encode(value)
    return line if line.isprintable() else "".join(map(_escaped, line))


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    return json.dumps(char)[1:-1] if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
