"""Random JSON values, texts and damaged copies, for all fuzzers."""

import random
import re
from typing import Any

_TEXTS = (
    "", "a", "-1", "0", "..", "../x", "a/b", "a\\b", ".a", "\x00", "\x1b[2J", "\u202e", "\ud800",
    "a\u2028b", "é", "日本", "x" * 300, "1-3", "9" * 400, "pages.fake.normal",
    "0" * 16 + "-" + "0" * 8, "%2F", "%00", "ok", "normal",
    "figures/000001-01-0123456789ab.png", "a\nb", "NaN", "{}", "[", '"',
)  # fmt: skip
#: Above the depth at which a recursive parser raises RecursionError.
_DEPTHS = (2, 40, 60, 400, 1000, 3000)
_NESTS = (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"))
_VALUE = re.compile(r"(?<=:)[^,:{}\[\]]+")
_NUMBERS = (0, 1, -1, 2**31, 2**63, 10**40, 0.5, -1e308, float("inf"), float("nan"))


def text(source: random.Random) -> str:
    """A text: a known odd one, or random characters."""
    if source.random() < 0.7:
        return source.choice(_TEXTS)
    return "".join(chr(source.randrange(0x300)) for _ in range(source.randint(0, 12)))


def value(source: random.Random, depth: int = 3) -> Any:
    """A JSON value."""
    kind = source.random()
    if kind < 0.4 or depth == 0:
        return text(source)
    if kind < 0.7:
        return source.choice((*_NUMBERS, None, True, False))
    if kind < 0.85:
        return [value(source, depth - 1) for _ in range(source.randint(0, 3))]
    return {text(source): value(source, depth - 1) for _ in range(source.randint(0, 3))}


def damaged(source: random.Random, good: Any) -> Any:
    """A copy of a JSON value with one or more parts replaced, removed or added."""
    if source.random() < 0.1:
        return value(source)
    if isinstance(good, dict):
        kept = {key: each for key, each in good.items() if source.random() > 0.03}
        changed = {
            key: damaged(source, each) if source.random() < 0.4 else each
            for key, each in kept.items()
        }
        return changed if source.random() < 0.9 else {**changed, text(source): value(source)}
    if isinstance(good, list):
        return [damaged(source, each) for each in good] * source.choice((0, 1, 1, 1, 2))
    return good if source.random() < 0.5 else value(source)


def cut(source: random.Random, data: bytes) -> bytes:
    """``data`` with some bytes changed, or without its end."""
    if source.random() < 0.3:
        return data[: source.randint(0, len(data))]
    changed = bytearray(data)
    for _ in range(source.randint(0, 3)):
        changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)


def nested(source: random.Random) -> str:
    """JSON that is nested deeply, sometimes without its end."""
    depth, (start, end) = source.choice(_DEPTHS), source.choice(_NESTS)
    return start * depth + source.choice(("1", '"x"', "")) + end * source.choice((depth, 0))


def with_nested(source: random.Random, data: bytes) -> bytes:
    """JSON in which one value of an object is deeply nested."""
    text_ = data.decode(errors="surrogatepass")
    values = list(_VALUE.finditer(text_))
    if not values:
        return nested(source).encode()
    start, end = source.choice(values).span()
    return (text_[:start] + nested(source) + text_[end:]).encode(errors="surrogatepass")
