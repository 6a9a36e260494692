"""Writes controls and marks of direction in JSON as escapes: a viewer is safe, the value the same.

JSON itself requires that for the controls below U+0020.
"""

import re

#: In UTF-8: DEL, the C1 controls, and the marks that change the direction of text.
_UNSAFE = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)


def harmless_json(data: bytes) -> bytes:
    """The JSON text ``data`` in UTF-8 with these characters as escapes."""
    if data.isascii() and b"\x7f" not in data:
        return data
    return _UNSAFE.sub(_escape, data)


def _escape(match: "re.Match[bytes]") -> bytes:
    return f"\\u{ord(match[0].decode()):04x}".encode()
