"""Makes untrusted text safe for terminals."""


def printable(text: str) -> str:
    """``text`` with every control or other unprintable character replaced by "?"."""
    return "".join(char if char.isprintable() else "?" for char in text)
