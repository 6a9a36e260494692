"""Writes the pages one after the other and notes where the text of each page is.

A page begins with its anchor. Where its beginning was joined to the page before, the anchor stands
at the join: inside the paragraph, between the rows of the table, at the end of the last item
before. It stands after a word that the break divides, and after inline code.
"""

from shared.document.code_spans import code_spans
from shared.document.draft import Draft
from shared.document.merged_pages import Span
from shared.document.structure.text.marks import PAGE_MARK, with_notes
from shared.domain.records.options import PageBreaks

_GAP = "\n\n"


class PageWriter:
    """Turns drafts into the pages of the Markdown, each when its end is known."""

    def __init__(self, page_breaks: PageBreaks) -> None:
        self._page_breaks = page_breaks
        #: What was written since the end of the last page that was taken, and before it.
        self._parts: list[str] = []
        self._taken = 0
        self._length = 0
        self._is_empty = True
        #: Of pages that were begun and not taken.
        self._spans: dict[int, Span] = {}
        self._current = 0

    def write(self, draft: Draft) -> None:
        """Add a page: its anchor, unless it began within the page before, and its text."""
        page, text = draft.result.page, with_notes(draft.text.rstrip())
        begun = page in self._spans
        if not begun:
            if draft.lead:
                self._add(self._gap(), draft.lead)
            # A blank page inside a joined paragraph comes after the page that ends it.
            self._current = max(self._current, page)
        if text:
            self._add(self._gap())
            if not begun:
                self._spans[page] = (self._length, self._length)
            self._add_text(text)
        self._spans.setdefault(page, (self._length, self._length))

    def take(self, page: int, *, is_last: bool) -> tuple[str, Span, str]:
        """The Markdown up to the end of ``page`` that was not taken yet; the page's span and text.

        Call it for each page in order, after the next page was written or as the last.
        """
        span = self._spans.pop(page)
        if is_last:
            self._parts += [] if self._is_empty else ["\n"]
        written = "".join(self._parts)
        text = written[max(0, span[0] - self._taken) : max(0, span[1] - self._taken)]
        length = len(written) if is_last else max(0, span[1] - self._taken)
        self._parts = [written[length:]]
        self._taken += length
        return written[:length], span, text

    def _gap(self) -> str:
        return "" if self._is_empty else _GAP

    def _add(self, *parts: str) -> None:
        self._parts.extend(parts)
        self._length += sum(map(len, parts))
        self._is_empty = False

    def _add_text(self, text: str) -> None:
        position = 0
        while mark := PAGE_MARK.search(text, position):
            page, end = int(mark[1]), _outside_code(text, mark.start(), mark.end())
            before = text[position : mark.start()]
            self._add(before, text[mark.end() : end])
            if page > self._current:
                self._close(len(before) - len(before.rstrip()))
                self._begin(page)
            position = end
        self._add(text[position:])
        self._close(0)

    def _close(self, blank: int) -> None:
        start, _ = self._spans[self._current]
        self._spans[self._current] = (start, max(start, self._length - blank))

    def _begin(self, page: int) -> None:
        if self._page_breaks == "comment":
            self._add(f"<!-- page {page} -->")
        self._spans[page] = (self._length, self._length)
        self._current = page


def _outside_code(text: str, start: int, end: int) -> int:
    """The end of a mark; behind the inline code that holds it."""
    first, last = text.rfind(_GAP, 0, start) + 2, text.find(_GAP, end)
    first, last = (0 if first == 1 else first), (len(text) if last < 0 else last)
    for code_start, code_end in code_spans(text[first:last]):
        if first + code_start < start < first + code_end:
            return first + code_end
    return end
