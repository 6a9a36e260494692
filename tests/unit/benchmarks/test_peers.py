"""The documents with which converters are compared."""

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from benchmarks.peers.kinds import (
    code_pages,
    prose_pages,
    scanned_pages,
    split_pages,
    table_pages,
)


@pytest.mark.parametrize("write", [prose_pages, table_pages, code_pages, scanned_pages])
def test_a_document_of_each_kind_has_its_pages_and_only_a_scan_has_no_text(
    write: Callable[[Path, int], None], tmp_path: Path
) -> None:
    write(tmp_path / "a.pdf", 2)

    files = split_pages(tmp_path / "a.pdf", tmp_path / "pages")
    assert len(files) == 2
    for file in files:
        with pymupdf.open(file) as page:
            assert page.page_count == 1
            assert bool(page[0].get_text().strip()) is (write is not scanned_pages)
