"""The raw text layer is read in one module only, so that no later step sees hidden words."""

import ast

from tests.support.paths import ROOT

ENGINE = ROOT / "workers" / "engines" / "cpu"
READERS = {
    "get_text", "get_texttrace", "get_textbox", "get_textpage", "get_text_blocks",
    "get_text_words", "get_textpage_ocr", "get_text_selection", "search_for", "page_html_tables",
    "extractDICT", "extractRAWDICT", "extractText", "extractWORDS", "extractBLOCKS",
}  # fmt: skip


def test_only_one_module_reads_the_raw_text_layer() -> None:
    readers = {
        path.name
        for path in ENGINE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in READERS)
        or (isinstance(node, ast.alias) and node.name in READERS)
    }

    assert readers == {"raw_lines.py"}
