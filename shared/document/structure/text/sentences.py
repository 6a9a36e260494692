"""Whether a text ends a sentence."""

import re

_ENDS = ".!?:;。！？：；…"
_SENTENCE_END = re.compile(
    rf"[{_ENDS}](?:[\"'”’»›)\]）】」』*_`]|<sup>[^<]*</sup>|[¹²³⁴⁵⁶⁷⁸⁹⁰]|\[\^?\w+\])*$"
    r"|[:!?] \d{1,2}$"  # a mark of a footnote that is not raised
)


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends with a mark that ends a sentence, a clause or a lead-in."""
    end = text.rstrip()[-80:]
    last = end[-1:]
    if last in _ENDS:
        return last != ""
    # No letter is the last character of a match, and most texts end with a mark or a letter.
    return not last.isalpha() and _SENTENCE_END.search(end) is not None
