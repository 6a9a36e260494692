"""The text layer of a page in the form of the model's answer, as token ids to draft from.

The layer is not judged: text that the page does not show is never accepted, and costs only time.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from shared.rendering.text_block import TextBlock

#: Turns text into token ids; special tokens in the text become their ids.
Encode = Callable[[str], list[int]]
#: Fewer letters than this are no text layer worth drafting from.
LEAST_CHARACTERS = 40
_CUT_WORD = re.compile(r"(?<=[^\W\d_])-$")
#: A block whose lines have at most this many characters on average is taken for cells of a table.
_CELL = 18
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def reference_tokens(blocks: Iterable[TextBlock], encode: Encode, *, grounded: bool) -> list[int]:
    """Token ids of the texts of ``blocks`` in their order; empty if there is hardly any text."""
    texts = [(block, answer_text(block.text.splitlines())) for block in blocks]
    if sum(len(text) for _, text in texts) < LEAST_CHARACTERS:
        return []
    tokens: list[int] = []
    for block, text in texts:
        if text:
            # A box of the model differs by a few units, which costs a step for each number.
            marker = _marker(block) if grounded else ""
            tokens += encode(f"{marker}{text}\n\n")
    return tokens


def _marker(block: TextBlock) -> str:
    box = ", ".join(map(str, block.bbox))
    return f"<|ref|>text<|/ref|><|det|>[[{box}]]<|/det|>\n"


def answer_text(lines: Sequence[str]) -> str:
    """The lines of a block as the model writes them: one paragraph, or cells of a table."""
    words = [stripped for line in lines if (stripped := " ".join(line.split()))]
    if not words:
        return ""
    if len(words) > 2 and sum(map(len, words)) <= _CELL * len(words):
        return "".join(f"<td>{text}</td>" for text in words)
    return _joined(words)


def _joined(lines: Sequence[str]) -> str:
    text = lines[0]
    for line in lines[1:]:
        if _CUT_WORD.search(text) and line[0].islower():
            text = text[:-1] + line
        elif _CJK.match(text[-1]) and _CJK.match(line[0]):
            text += line
        else:
            text += f" {line}"
    return text
