"""The marks inside a line's text: raised, lowered, struck, linked and emphasised characters.

A mark is a Unicode noncharacter, so no text of a document can hold one after ``clean_text``.
"""

import re

RAISED, RAISED_END = "\ufdd0", "\ufdd1"
LOWERED, LOWERED_END = "\ufdd2", "\ufdd3"
STRUCK = ("\ufdd4", "\ufdd5")
LINK, TARGET, LINK_END = "\ufdd6", "\ufdd7", "\ufdd8"
#: The marks of each style of emphasis.
BOLD, ITALIC, CODE = ("\ufdd9", "\ufdda"), ("\ufddb", "\ufddc"), ("\ufddd", "\ufdde")
#: Characters of a link's target are moved up by this, so that no rule for text changes them.
_SHIFT = 0xF0000
ANY = re.compile(r"[\ufdd0-\ufddf]|[\U000f0000-\U000fffff]")
LINKED = re.compile(r"\ufdd6([^\ufdd6-\ufdd8]*)\ufdd7([\U000f0000-\U000fffff]*)\ufdd8")
#: A raised or lowered run.
SHIFTED = re.compile(r"([\ufdd0\ufdd2])([^\ufdd0-\ufdd3]*)[\ufdd1\ufdd3]")
#: The end of one run of a kind and the start of the next, with the space between them.
SEAM = re.compile(r"\ufdd5(\s*)\ufdd4")
_TARGET_AT_END = re.compile(r"\ufdd7([\U000f0000-\U000fffff]*)\ufdd8$")
_ENDS = frozenset((RAISED_END, LOWERED_END, STRUCK[1], LINK_END, BOLD[1], ITALIC[1], CODE[1]))
_STARTS = re.compile(r"[\ufdd0\ufdd2\ufdd4\ufdd6\ufdd9\ufddb\ufddd]+")
_STYLE_ENDS = {end: start for start, end in (STRUCK, BOLD, ITALIC, CODE)}


def without_marks(text: str) -> str:
    """``text`` as plain characters: for decisions about words and lengths."""
    return ANY.sub("", text) if ANY.search(text) else text


def without_style(text: str, style: tuple[str, str]) -> str:
    """``text`` without the marks of ``style``."""
    start, end = style
    return text.replace(start, "").replace(end, "")


def without_start(text: str, count: int) -> str:
    """``text`` without its first ``count`` plain characters; the marks among them stay."""
    kept = ""
    for index, letter in enumerate(text):
        if count == 0:
            return kept + text[index:]
        if ANY.match(letter):
            kept += letter
        else:
            count -= 1
    return kept


def continued(before: str, after: str) -> tuple[str, str]:
    """Two texts, the second after the first, with a run that goes on from one into the other.

    The marks between its halves are removed, so that the halves can be joined as one word.
    """
    while True:
        link, next_link = _TARGET_AT_END.search(before), LINKED.match(after)
        if _STYLE_ENDS.get(before[-1:]) == after[:1] != "":
            before, after = before[:-1], after[1:]
        elif link and next_link and next_link.group(2) == link.group(1):
            before, after = before[: link.start()], after[1:]
        else:
            return before, after


def is_in_code(text: str) -> bool:
    """Whether ``text`` ends inside a run of code that goes on."""
    return text.rfind(CODE[0]) > text.rfind(CODE[1])


def split_end(text: str) -> tuple[str, str]:
    """``text`` without the ends of runs after its last character, and these ends."""
    end = len(text)
    while end > 0 and text[end - 1] in _ENDS:
        target = text.rfind(TARGET, 0, end) if text[end - 1] == LINK_END else -1
        end = target if target >= 0 else end - 1
    return text[:end], text[end:]


def split_start(text: str) -> tuple[str, str]:
    """The starts of runs before the first character of ``text``, and ``text`` without them."""
    starts = _STARTS.match(text)
    return (starts.group(), text[starts.end() :]) if starts else ("", text)


def hidden_target(address: str) -> str:
    """``address`` in characters that no rule for text changes."""
    return "".join(chr(ord(letter) + _SHIFT) for letter in address)


def shown_target(hidden: str) -> str:
    """The address of ``hidden_target``."""
    return "".join(chr(ord(letter) - _SHIFT) for letter in hidden)
