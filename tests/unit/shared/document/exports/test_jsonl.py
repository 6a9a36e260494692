"""``--to jsonl --chunks``: a line of Dolma with spans of pages, and chunks with places."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.document.exports.chunks_file import write_chunks
from shared.document.exports.jsonl import write_jsonl
from tests.support.documents.exported import everything, export_input, hostile_pages

WORD = re.compile(r"\w+")


def chunks_of(texts: list[str], limit: int) -> list[dict[str, object]]:
    data = write_chunks(export_input(texts, chunk_chars=limit))
    return [json.loads(line) for line in data.splitlines()]


def test_one_line_has_the_text_and_the_span_of_every_page() -> None:
    data = write_jsonl(everything())

    assert data.count(b"\n") == 1
    record = json.loads(data)
    assert record["source"] == "pagefleet"
    assert (record["added"], record["created"]) == ("1970-01-01", "1970-01-01")
    assert record["metadata"]["pdf-total-pages"] == 4
    assert record["metadata"]["failed-pages"] == [3]
    assert "<!-- page" not in record["text"]
    spans = record["attributes"]["pdf_page_numbers"]
    assert [page for _, _, page in spans] == [1, 2, 3, 4]
    parts = [record["text"][start:end] for start, end, _ in spans]
    assert "".join(parts) == record["text"]
    assert parts[1].startswith("## Tables")
    assert parts[3].endswith("Last words.\n")


def test_tables_and_math_of_the_command_apply_to_the_text() -> None:
    text = "<table><tr><td>a</td></tr></table>\n\nand $x$"

    record = json.loads(write_jsonl(export_input([text], tables="pipe", math="latex")))

    assert record["text"] == "| a |\n| --- |\n\nand \\(x\\)\n"


def test_a_chunk_has_its_headings_pages_and_boxes() -> None:
    box = (10, 20, 30, 40)
    page = {
        "markdown": "# A\n\nIntro.\n\n## B\n\n### C\n\nText of C.",
        "blocks": ({"type": "text", "bbox": box, "text": "Text of C."},),
    }
    data = write_chunks(export_input([page, "More of C here."], chunk_chars=200))

    first, second = map(json.loads, data.splitlines())
    assert first["text"] == "# A\n\nIntro."
    assert second["text"] == "## B\n\n### C\n\nText of C.\n\nMore of C here."
    assert first["metadata"]["headings"] == ["A"]
    assert second["metadata"]["headings"] == ["A", "B", "C"]
    assert second["metadata"]["pages"] == [1, 2]
    assert {"page": 1, "bbox": list(box)} in second["metadata"]["boxes"]
    assert (first["id"], second["id"]) == (f"{first['metadata']['document']}#1",
                                           f"{first['metadata']['document']}#2")  # fmt: skip


def test_a_long_table_is_divided_between_rows_with_its_first_row_again() -> None:
    rows = "".join(f"<tr><td>row {number}</td><td>{'x' * 30}</td></tr>" for number in range(30))
    table = f"<table><tr><td>name</td><td>value</td></tr>{rows}</table>"

    texts = [str(chunk["text"]) for chunk in chunks_of([table], 400)]

    assert len(texts) > 3
    assert all(text.startswith("<table><tr><td>name</td>") for text in texts)
    assert re.findall(r"row \d+", " ".join(texts)) == [f"row {number}" for number in range(30)]


def test_a_long_paragraph_is_divided_at_the_end_of_a_sentence() -> None:
    text = " ".join(f"Sentence number {number} is here." for number in range(40))

    texts = [str(chunk["text"]) for chunk in chunks_of([text], 300)]

    assert all(len(text) <= 300 and text.endswith(".") for text in texts)
    assert " ".join(texts) == text


@pytest.mark.parametrize("limit", [200, 2000])
def test_a_long_listing_stays_a_listing(limit: int) -> None:
    code = "\n".join(f"line({number})" for number in range(300))

    texts = [str(chunk["text"]) for chunk in chunks_of([f"```\n{code}\n```"], limit)]

    assert all(text.startswith("```\n") and text.endswith("\n```") for text in texts)
    assert "\n".join(text[4:-4] for text in texts) == code


@settings(max_examples=50, deadline=None, derandomize=True)
@given(hostile_pages, st.sampled_from([200, 500]))
def test_no_word_of_a_hostile_document_is_lost(texts: list[str], limit: int) -> None:
    whole = export_input([*texts, "# Title\n\nLAST words"])
    parts = chunks_of([*texts, "# Title\n\nLAST words"], limit)

    assert all(len(str(part["text"])) <= limit for part in parts)
    written = WORD.findall(json.loads(write_jsonl(whole))["text"])
    assert set(written) <= set(WORD.findall(" ".join(str(part["text"]) for part in parts)))
    assert [part["id"] for part in parts] == sorted(
        (str(part["id"]) for part in parts), key=lambda name: int(name.rpartition("#")[2])
    )


def test_a_chunk_that_begins_inside_a_list_has_no_indented_text() -> None:
    item = f"1. The harbour {'is old and ' * 12}deep.\n    - The quay {'is long and ' * 12}low."

    texts = [str(chunk["text"]) for chunk in chunks_of([item], 220)]

    assert [text[:10] for text in texts] == ["1. The har", "- The quay"]
