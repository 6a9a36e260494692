"""Text of strangers as it may be shown on a terminal."""


def printable(text: str) -> str:
    """``text`` without what could break or colour a line: each such character becomes "?"."""
    return "".join(char if char.isprintable() else "?" for char in text)
