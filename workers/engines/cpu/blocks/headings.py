"""Decides which blocks are headings, which one is the title, and the level of each heading."""

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from workers.engines.cpu.blocks.code import is_typescript
from workers.engines.cpu.blocks.heading_parts import MOST_HEADING_ROWS, is_chapter_number
from workers.engines.cpu.layout.drafts import Draft, median_size
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.values import bounding_box

_SECTION_NUMBER = re.compile(r"^(?:(?:§|Section)\s*)?(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?=\S)")
_NUMBER_WITHOUT_SPACE = re.compile(r"^(\d{1,2}(?:\.\d{1,2}){0,4}\.?)(?=[A-Z][a-z]{2})")
_CAPTION = re.compile(
    r"^[\[<(【〈]?\s*(figure|fig\.|table|listing|example|algorithm|图|圖|表|표|그림)\s*\d",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"^[\d½¼¾⅓]+([.,/]\d+)?\s+[a-zà-ÿ]")
#: A row of options of a form begins with a box.
_CHECK_BOXES = ("□", "☐", "☑", "☒", "√")
#: An option of a command begins with one or two dashes.
_OPTION = re.compile(r"^[-−–]{1,2}[^\W\d_][\w−-]*(?:[,=\s\[]|$)")
#: The title of a box with advice.
_BOX_TITLE = re.compile(
    r"^(?:note|tip|hint|caution|warning|important|danger|attention|notice|hinweis|anmerkung|achtung"
    r"|warnung|tipp|wichtig|vorsicht|remarque|astuce|avertissement|nota|aviso|atención|advertencia"
    r"|注意|提示|警告|注記|ヒント)\s*[:：!]?$",
    re.IGNORECASE,
)
#: The number of a list item without deeper numbers.
_ITEM_NUMBER = re.compile(r"^(\d{1,2})[.)]\s")
#: Code has at least this part of its letters in a monospaced font and is at most so many times
#: larger than body text; larger is a heading that names a command.
_LEAST_MONOSPACED, _LARGE_CODE = 0.7, 1.2
#: The meaning of a term stands at most so far under its middle, and is set in by so much, in font
#: sizes.
_MEANING_BELOW, _LEAST_INSET, _LARGEST_INSET = 2.0, 1.2, 6.0
#: A heading has at most this many characters.
_LONGEST_HEADING = 220
#: A heading that ends with a full stop has at most this many words; more are a sentence.
_SENTENCE_WORDS = 14
#: A heading that begins with a small letter has at most this many words.
_LOWERCASE_WORDS = 3
#: Large text is made a heading only between these lengths in characters.
_SHORTEST_LARGE, _LONGEST_LARGE = 4, 109
#: Text with a larger font than this many times the body text is a heading. Font sizes of
#: recognised lines are rough, so they need the second factor.
_LARGE, _LARGE_RECOGNIZED = 1.3, 1.6
#: Text that is at most so many times larger than body text does not look larger.
_LIKE_BODY = 1.05
#: Body text with at most this many characters is too short to measure its font size.
_LITTLE_BODY_TEXT = 220
#: The title is more than this many times as large as the body text.
_TITLE_TO_BODY = 1.45
#: The title is at least this many times as large as other headings.
_TITLE_TO_HEADING = 1.15
#: The title begins above this part of the page height.
_TITLE_ZONE = 0.5
#: Headings at most this factor smaller than the largest have its level; the second factor is
#: for recognised lines.
_SAME_SIZE, _SAME_SIZE_RECOGNIZED = 1.12, 1.4
#: Markdown has no deeper heading.
_DEEPEST_LEVEL = 6


def classify_headings(drafts: Sequence[Draft], page_height: float) -> list[Draft]:
    """``drafts`` with false headings as text, missed headings as headings, and the title.

    ``page_height`` is in points.
    """
    body_size = _body_size(drafts)
    in_typescript = is_typescript([line for draft in drafts for line in draft.lines])
    classified = [
        draft if in_typescript else _as_code(draft, body_size, drafts) for draft in drafts
    ]
    classified = [_as_item(draft, classified, body_size) for draft in classified]
    classified = [
        _with_number_space(_promoted(_demoted(draft, body_size), body_size)) for draft in classified
    ]
    title = _find_title(classified, page_height)
    return [replace(draft, kind="title") if draft is title else draft for draft in classified]


def heading_levels(drafts: Sequence[Draft]) -> dict[int, int]:
    """The level (number of "#") of each heading, by its index in ``drafts``."""
    unnumbered = [
        draft.size
        for draft in drafts
        if draft.kind == "sub_title" and not _numbered_level(draft.text)
    ]
    recognized = any(draft.confidence is not None for draft in drafts)
    tolerance = _SAME_SIZE_RECOGNIZED if recognized else _SAME_SIZE
    large = max(unnumbered, default=0.0) / tolerance
    levels = {}
    for index, draft in enumerate(drafts):
        if draft.kind == "title":
            levels[index] = 1
        elif draft.kind == "sub_title":
            levels[index] = _numbered_level(draft.text) or (2 if draft.size >= large else 3)
    return levels


def _numbered_level(text: str) -> int:
    """The level that the section number of ``text`` gives; 0 without a number."""
    match = _SECTION_NUMBER.match(text)
    return min(_DEEPEST_LEVEL, match.group(1).count(".") + 2) if match else 0


def _demoted(draft: Draft, body_size: float) -> Draft:
    """``draft`` as a caption or text if it is a false heading."""
    if draft.kind not in ("title", "sub_title"):
        return draft
    text = draft.text.strip()
    if _CAPTION.match(text):
        return replace(draft, kind="image_caption")
    is_text = _is_running_text(text) or _is_plain_sentence(draft, body_size)
    return replace(draft, kind="text") if is_text else draft


def _as_code(draft: Draft, body_size: float, drafts: Sequence[Draft]) -> Draft:
    """A heading in the font of code as code: a command, or a line of a program.

    A bold word over text that is set in is a term, and so a text.
    """
    if draft.kind not in ("title", "sub_title") or _numbered_level(draft.text):
        return draft
    letters = [c for line in draft.lines for c in line.characters if not c.text.isspace()]
    monospaced = sum(c.monospaced for c in letters)
    monospaced += sum(len(line.text) for line in draft.lines if line.monospaced and not letters)
    total = len(letters) or len(draft.text)
    is_large = body_size > 0 and draft.size > _LARGE_CODE * body_size
    in_ascii = sum(map(str.isascii, draft.text)) > _LEAST_MONOSPACED * len(draft.text)
    if is_large or not in_ascii or monospaced < _LEAST_MONOSPACED * total:
        return draft
    if _is_term(draft, drafts):
        return replace(draft, kind="text")
    return replace(draft, kind="code", box=bounding_box(line.box for line in draft.lines))


def _is_term(draft: Draft, drafts: Sequence[Draft]) -> bool:
    """Whether ``draft`` is one bold word over its meaning, which begins further right."""
    if len(draft.text.split()) > 1 or not any(line.bold for line in draft.lines):
        return False
    return any(
        other.kind == "text"
        and 0 < other.box.top - draft.box.center_y < _MEANING_BELOW * draft.size
        and _LEAST_INSET < (other.box.left - draft.box.left) / draft.size < _LARGEST_INSET
        for other in drafts
    )


def _as_item(draft: Draft, drafts: Sequence[Draft], body_size: float) -> Draft:
    """A heading that looks like the numbered items around it, as an item."""
    number = _ITEM_NUMBER.match(draft.text)
    if draft.kind != "sub_title" or number is None or not _looks_like_body(draft, body_size):
        return draft
    value = int(number.group(1))
    numbers = [
        _ITEM_NUMBER.match(line.text)
        for other in drafts
        if other.kind in ("text", "list")
        for line in other.lines
    ]
    around = {int(found.group(1)) for found in numbers if found}
    return replace(draft, kind="list") if around & {value - 1, value + 1} else draft


def _looks_like_body(draft: Draft, body_size: float) -> bool:
    bold = any(line.bold for line in draft.lines)
    return draft.size <= _LIKE_BODY * body_size and not bold


def _is_plain_sentence(draft: Draft, body_size: float) -> bool:
    """Whether ``draft`` looks like body text and ends as a sentence: the rest of a paragraph."""
    text = draft.text.strip()
    return (
        _looks_like_body(draft, body_size)
        and text.endswith((".", "。"))
        and not _numbered_level(text)
    )


def _is_running_text(text: str) -> bool:
    words = len(text.split())
    too_long = len(text) > _LONGEST_HEADING or (text.endswith(".") and words > _SENTENCE_WORDS)
    unfinished = text.endswith((",", ";")) or (text[:1].islower() and words > _LOWERCASE_WORDS)
    no_words = not re.search(r"\w", text) or text.startswith(_CHECK_BOXES)
    no_words = no_words or bool(_OPTION.match(text) or _BOX_TITLE.match(text))
    return too_long or unfinished or bool(_QUANTITY.match(text)) or no_words


def _promoted(draft: Draft, body_size: float) -> Draft:
    """``draft`` as a heading if it is a few large words, whatever the layout model decided."""
    if draft.kind != "text" or not body_size:
        return draft
    text = draft.text.strip()
    factor = _LARGE if draft.confidence is None else _LARGE_RECOGNIZED
    short = _SHORTEST_LARGE <= len(text) <= _LONGEST_LARGE
    few_rows = len(group_into_rows(draft.lines)) <= MOST_HEADING_ROWS
    like_heading = text[:1].isupper() and not text.endswith((".", ",", ";", ":"))
    large = draft.size > factor * body_size
    return (
        replace(draft, kind="sub_title") if short and few_rows and like_heading and large else draft
    )


def _with_number_space(draft: Draft) -> Draft:
    """A recognised heading with the space after its number that the recogniser missed."""
    if draft.kind not in ("title", "sub_title") or draft.confidence is None:
        return draft
    first = group_into_rows(draft.lines)[0].lines[0]
    text = _NUMBER_WITHOUT_SPACE.sub(r"\1 ", first.text)
    if text == first.text:
        return draft
    spaced = replace(first, text=text)
    return replace(draft, lines=tuple(spaced if line is first else line for line in draft.lines))


def _body_size(drafts: Sequence[Draft]) -> float:
    """The median font size of the body text in points; 0 on a page with very little."""
    body = [draft for draft in drafts if draft.kind in ("text", "list")]
    if sum(len(draft.text) for draft in body) <= _LITTLE_BODY_TEXT:
        return 0.0
    return median_size((draft.size, len(draft.text)) for draft in body)


def _find_title(drafts: Sequence[Draft], page_height: float) -> Draft | None:
    """The heading that is the title; None if there is none or the layout model marked one."""
    if any(draft.kind == "title" for draft in drafts):
        return None
    candidates = [draft for draft in drafts if _may_be_title(draft, page_height)]
    if not candidates:
        return None
    largest = max(candidates, key=lambda draft: draft.size)
    others = [
        draft.size for draft in candidates if draft is not largest and not is_chapter_number(draft)
    ]
    if others and largest.size < _TITLE_TO_HEADING * max(others):
        return None
    body = [draft.size for draft in drafts if draft.kind in ("text", "list")]
    return largest if not body or largest.size > _TITLE_TO_BODY * median(body) else None


def _may_be_title(draft: Draft, page_height: float) -> bool:
    return (
        draft.kind == "sub_title"
        and draft.box.top < _TITLE_ZONE * page_height
        and not _numbered_level(draft.text)
        and any(map(str.isalpha, draft.text))
    )
