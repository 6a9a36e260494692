"""Reads the pages of RESULTS and TRUTH, two folders of Markdown files with the same names."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ValidationError

from producer.evaluation.values import PagePair
from producer.intake.regular_file import read_regular
from shared.domain.errors import CorruptDocument, TooLarge, UsageError

MAX_MARKDOWN_BYTES = 64 * 1024 * 1024
MAX_RECORD_BYTES = 512 * 1024 * 1024
#: What shared/document writes before each page, or inside a block that a page break divides.
_ANCHOR = re.compile(r"<!--[ \t]*page[ \t]+([0-9]{1,9})[ \t]*-->")

#: Text by page number; the only key is None where the pages are not known.
Pages = dict[int | None, str]


class _Page(BaseModel):
    page: int
    markdown_span: tuple[int, int]


class _Record(BaseModel):
    """What is needed of ``<stem>.json``, of any schema."""

    pages: list[_Page]


def stems(folder: Path) -> list[str]:
    """The names of the folder's Markdown files without suffix; raises UsageError."""
    try:
        return sorted(path.stem for path in folder.iterdir() if path.suffix == ".md")
    except OSError as error:
        raise UsageError(f"can't read the folder {folder}: {error.strerror}") from None


def page_pairs(stem: str, results: Path, truth: Path) -> Iterator[PagePair]:
    """The pages of the truth of one document, each with its result.

    Pages that only the result has are left out, so a truth may be of some pages only. Where one
    side has no page numbers, the document is one unit. Raises CorruptDocument or TooLarge.
    """
    expected = read_pages(truth, stem)
    found = read_pages(results, stem) if (results / f"{stem}.md").is_file() else None
    if found is not None and (None in found) is not (None in expected):
        expected, found = _whole(expected), _whole(found)
    for page, text in expected.items():
        yield PagePair(stem, page, None if found is None else found.get(page), text)


def _whole(pages: Pages) -> Pages:
    return {None: "\n\n".join(pages.values())}


def read_pages(folder: Path, stem: str) -> Pages:
    """The pages of a document, by its page anchors or else by the spans in ``<stem>.json``."""
    markdown = read_markdown(folder / f"{stem}.md")
    return _by_anchors(markdown) or _by_record(markdown, folder / f"{stem}.json")


def read_markdown(path: Path) -> str:
    """The file as text; raises CorruptDocument, TooLarge or UsageError."""
    try:
        return read_limited(path, MAX_MARKDOWN_BYTES).decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise CorruptDocument(f"{path} is not UTF-8; convert it first") from None


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes."""
    try:
        data = read_regular(path, limit + 1)
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    if len(data) > limit:
        raise TooLarge(f"{path} has more than {limit // 1024 // 1024} MiB; divide it")
    return data


def _by_anchors(markdown: str) -> Pages:
    """The text after each anchor; text before the first one is of the first page."""
    parts = _ANCHOR.split(markdown)
    if len(parts) == 1:
        return {}
    parts[2] = parts[0] + parts[2]
    texts: defaultdict[int | None, list[str]] = defaultdict(list)
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        texts[int(number)].append(text)
    return {number: "".join(each) for number, each in texts.items()}


def _by_record(markdown: str, path: Path) -> Pages:
    if not path.is_file():
        return {None: markdown}
    try:
        record = _Record.model_validate_json(read_limited(path, MAX_RECORD_BYTES))
    except ValidationError:
        raise CorruptDocument(f"{path} is no record of pages; fetch it again") from None
    spans = {each.page: slice(*each.markdown_span) for each in record.pages}
    # Without this, a small record could ask for more copies of the text than fit into the memory.
    if sum(len(range(*each.indices(len(markdown)))) for each in spans.values()) > len(markdown):
        raise CorruptDocument(f"the pages in {path} overlap; fetch it again")
    return {page: markdown[span] for page, span in spans.items()} or {None: markdown}
