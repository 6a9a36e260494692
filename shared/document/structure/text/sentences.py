"""Whether a text ends a sentence."""

import re

_SENTENCE_END = re.compile(
    r"[.!?:;。！？：；…](?:[\"'”’»›)\]）】」』*_`]|<sup>[^<]*</sup>|[¹²³⁴⁵⁶⁷⁸⁹⁰]|\[\^?\w+\])*$"
    r"|[:!?] \d{1,2}$"  # a mark of a footnote that is not raised
)


def ends_sentence(text: str) -> bool:
    """Whether ``text`` ends with a mark that ends a sentence, a clause or a lead-in."""
    return _SENTENCE_END.search(text.rstrip()[-80:]) is not None
