"""Merging of pages: each rule, and the content of ``document.json``."""

import json

import pytest

from shared.document.assembly import assemble
from shared.document.record import DocumentRecord
from shared.domain.errors import PagefleetError
from shared.domain.records.base import to_json
from shared.domain.records.options import RenderOptions
from tests.support.documents.merged import (
    body,
    figures,
    json_of,
    manifest,
    markdown_of,
    merged,
    results_of,
)
from tests.support.documents.rendered import renderings

PLAIN = RenderOptions()


def test_each_page_begins_with_its_number_in_the_source() -> None:
    job = manifest(9, pages="2-3,7")
    results = [
        result.model_copy(update={"page": page})
        for result, page in zip(results_of(job, {}, {}, {}), (2, 3, 7), strict=True)
    ]

    document = assemble(job, results, PLAIN)

    assert markdown_of(document) == (
        "<!-- page 2 -->\n\ntext of page 1\n\n<!-- page 3 -->\n\ntext of page 2\n\n"
        "<!-- page 7 -->\n\ntext of page 3\n"
    )


@pytest.mark.parametrize("name", ["a.pdf", '"pages":[],"ledger":[],"blocks":[],"joins":[]'])
def test_the_record_that_is_written_in_parts_is_the_same_as_one_that_is_written_whole(
    name: str,
) -> None:
    job = manifest(3)
    job = job.model_copy(update={"source": job.source.model_copy(update={"name": name})})
    broken = {"markdown": "The text of the first page goes on and"}
    failed = {"status": "failed", "error": {"code": "unreadable", "message": "\u202e"}}

    written = json_of(assemble(job, results_of(job, broken, {"markdown": "on."}, failed), PLAIN))

    record = DocumentRecord.model_validate_json(written)
    assert (len(record.pages), len(record.ledger), len(record.blocks)) == (3, 3, 1)
    assert len(record.joins) == 1
    assert record.source.name == name
    assert to_json(record) == written


def test_page_breaks_can_be_none_or_a_rule_between_pages_with_text() -> None:
    texts = ["", "one", "", "two"]

    assert markdown_of(merged(texts, "none")) == "one\n\ntwo\n"
    assert markdown_of(merged(texts, "rule")) == "one\n\n---\n\ntwo\n"
    assert markdown_of(merged(["", ""], "none")) == ""


def test_a_blank_page_has_an_anchor_and_no_text() -> None:
    job = manifest(2)
    results = results_of(job, {"status": "blank", "markdown": "ignored"}, {})

    document = assemble(job, results, PLAIN)

    assert markdown_of(document) == "<!-- page 1 -->\n\n<!-- page 2 -->\n\ntext of page 2\n"
    assert document.counts.model_dump() == {"ok": 1, "blank": 1, "failed": 0}


def test_a_failed_page_becomes_a_visible_note_with_the_reason() -> None:
    job = manifest(1)
    error = {"code": "engine_failed", "message": "out of\nluck"}
    results = results_of(job, {"status": "failed", "markdown": "half a pa", "error": error})

    document = assemble(job, results, RenderOptions(page_breaks="none"))

    assert markdown_of(document) == "> **Page 1 could not be read** (engine_failed): out of luck\n"
    assert document.status == "failed"


def test_a_hostile_reason_is_shown_as_text() -> None:
    job = manifest(1)
    message = "<script>alert(1)</script> ](javascript:x) `code` **b** http://evil.example # |x|"
    failed = {"status": "failed", "error": {"code": "internal", "message": message}}

    document = assemble(job, results_of(job, failed), PLAIN)

    for rendered in renderings(markdown_of(document)):
        assert rendered.dangers() == []
        assert [node.tag for node in rendered.nodes() if node.tag in ("a", "code", "table")] == []
        assert message in " ".join(rendered.text().split())


def test_a_long_reason_is_shortened() -> None:
    job = manifest(1)
    failed = {"status": "failed", "error": {"code": "internal", "message": "x" * 5000}}

    assert len(markdown_of(assemble(job, results_of(job, failed), PLAIN))) < 500


def test_figures_are_linked_relatively_and_url_encoded() -> None:
    text = "before ![a chart](figure:2) after"

    assert body(text, figure_count=2, figure_base="my%20book/") == (
        "before ![a chart](my%20book/figures/000001-02-0123456789ab.png) after"
    )
    assert "](figures/000001-02-" in body(text, figure_count=2)


def test_links_to_missing_figures_are_removed() -> None:
    assert body("a\n\n![](figure:3)\n\nb", figure_count=2) == "a\n\nb"
    assert body("![](figure:0)") == ""


def test_a_figure_link_in_code_stays_code() -> None:
    assert body("`![](figure:1)`", figure_count=1) == "`![](figure:1)`"
    assert body("```\n![](figure:1)\n```", figure_count=1) == "```\n![](figure:1)\n```"


@pytest.mark.parametrize(
    "text", ["<!-- page 7 -->", "<!--page 7-->", "<!--\npage 7 -->", "<!-- PAGE 7"]
)
@pytest.mark.parametrize("wrap", ["{}", "`{}`", "```\n{}\n```", "> {}", "    {}", "x\n    {}"])
def test_text_of_a_page_never_looks_like_a_page_anchor(text: str, wrap: str) -> None:
    markdown = body(wrap.format(text))

    assert "<!--" not in markdown.lower()
    assert "page" in markdown.lower()


@pytest.mark.parametrize(
    "target",
    ["https://a.example/b", "http://a.example", "mailto:a@b.example", "https://a.example/x_(y)"],
)
def test_links_to_the_web_and_to_mail_stay_links(target: str) -> None:
    for rendered in renderings(body(f"see [this]({target}) and [that]({target} 'title')")):
        links = [node.attributes["href"] for node in rendered.nodes() if node.tag == "a"]
        assert links == [target, target]


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x]( \njavascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](file:///etc/passwd)",
        "[x](../../secret)",
        "[x](//evil.example)",
        "![x](javascript:alert(1))",
        "![x](/etc/passwd)",
        "[x]: javascript:alert(1)\n\n[x]",
        "[x]:\n  javascript:alert(1)\n\n[x][]",
        "- [ ] [x]:j\n[x]",
        "[x]:\u00a0j\n\n[x]",
        "<javascript:alert(1)>",
        "<ftp://host/x>",
        "ftp://host/x",
        "//host.example/share",
        "[^1]: javascript:x\n\n[^1]",
    ],
)
def test_every_other_link_becomes_text(text: str) -> None:
    for rendered in renderings(body(text, figure_count=1)):
        assert [node.tag for node in rendered.nodes() if node.tag in ("a", "img")] == []
        assert rendered.dangers() == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "x <img src=x onerror=alert(1)> y",
        "<td onclick=alert(1)>",
        "<table style='position:fixed' background=//x><tr><td>a</td></tr></table>",
        "<svg/onload=alert(1)>",
        "<!DOCTYPE html>",
        "<![CDATA[x]]>",
        "<?php x ?>",
        "<iframe src=//evil.example>",
        "<b\nonclick=x>a</b>",
        "http://a.example\\<script>alert(1)</script>",
        "`<b>`<script>`",
        "- a\n\n      <script>x</script>\n\n  <script>y</script>",
        "a||\n-|-\n</b>\n```<p",
    ],
)
def test_raw_html_becomes_text(text: str) -> None:
    for rendered in renderings(body(text)):
        assert rendered.dangers() == []


def test_tables_and_a_few_inline_tags_stay_html() -> None:
    table = (
        '<table><tr><td colspan="2">a<sup>2</sup></td></tr><tr><td>b</td><td>c</td></tr></table>'
    )

    assert body(table) == table
    assert body("H<sub>2</sub>O <b>bold</b> a<br>b") == "H<sub>2</sub>O <b>bold</b> a<br>b"
    assert body("<center>Table 1: x</center>") == "<center>Table 1: x</center>"


def test_only_cell_spans_stay_of_the_attributes() -> None:
    assert body('<td class="x" colspan=3 onclick="y">a</td>') == '<td colspan="3">a</td>'


def test_a_table_over_several_lines_is_unchanged() -> None:
    table = "<table>\n<tr>\n<td>a</td>\n</tr>\n</table>"

    assert body(f"{table}\n\nafter") == f"{table}\n\nafter"


def test_a_truncated_table_is_closed() -> None:
    assert body("<table><tr><td>a</td><td>b") == ("<table><tr><td>a</td><td>b</td></tr></table>")


def test_a_table_within_a_line_is_moved_into_its_own_block() -> None:
    table = "<table><tr><td>a</td></tr></table>"

    assert body(f"Table 1: {table} and on") == f"Table 1: \n\n{table}\n\n and on"


@pytest.mark.parametrize("text", ["a <b> c", "if x <b>y", "</b>", "- <table>", "> <table>"])
def test_an_unbalanced_tag_becomes_text(text: str) -> None:
    for rendered in renderings(body(text)):
        assert [node.tag for node in rendered.nodes() if node.tag in ("b", "table")] == []
        assert text.split()[-1].rstrip("y") in rendered.text()


def test_code_is_unchanged() -> None:
    fenced = "```html\n<script>\n[x](javascript:y)\n```"

    assert body(fenced) == fenced
    assert body("use `<script>` and `[a](b)`") == "use `<script>` and `[a](b)`"


def test_formulas_and_comparisons_are_unchanged() -> None:
    for text in (r"\(a_{1} < b\) and \[x^2\]", "a < b > c", "1 <2 and 3> 2", "x & y"):
        assert body(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("\n\n  a  \n\n", "a"),
        ("a\x00\x07b", "ab"),
        ("\ufeffa", "a"),
        ("a\ud800b", "ab"),
        ("a\x0cb", "a\nb"),
    ],
)
def test_line_ends_are_normalised_and_control_characters_removed(text: str, cleaned: str) -> None:
    assert body(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "```\nx",
        "~~~~\n```\nx",
        "```\nx\n``",
        "> ```",
        "```|\n--",
        "1. ```",
        "- a\n  ```",
        "<b>\n~~~",
        "````x`",
    ],
)
def test_an_open_fence_does_not_include_the_next_page(text: str) -> None:
    document = merged([text, "SENTINEL words"])

    for rendered in renderings(markdown_of(document)):
        assert rendered.place_of("SENTINEL") == ["html", "body", "p"]


@pytest.mark.parametrize(
    "text",
    [
        "<table>",
        "><table>",
        "1. <table>",
        "<table><b></table>",
        '"<table>\n-',
        "~~<table>~~",
        "<b>`</b>`",
        "<b>\\</b>",
        "<td><center>",
        "<b>x\n\ny",
        "/<TABLE></table/>",
        "http://m\u00a0```<i>```",
        "a\n<table>\n\n</b>",
    ],
)
def test_an_open_tag_does_not_include_the_next_page(text: str) -> None:
    document = merged([text, "SENTINEL words"], "none")

    for rendered in renderings(markdown_of(document)):
        assert rendered.place_of("SENTINEL") == ["html", "body", "p"]


def test_document_json_has_blocks_ledger_counts_and_the_span_of_each_page() -> None:
    job = manifest(3)
    block = {"type": "title", "bbox": (1, 2, 3, 4), "text": "T"}
    error = {"code": "render_failed", "message": "no"}
    results = results_of(
        job,
        {"markdown": "# T", "blocks": [block], "figures": figures(1, 1)},
        {"status": "blank", "markdown": ""},
        {"status": "failed", "markdown": "", "error": error},
    )

    document = assemble(job, results, PLAIN)

    plain = json.loads(json_of(document))
    assert (plain["schema"], plain["status"], plain["job_id"]) == (2, "partial", job.job_id)
    assert plain["counts"] == {"ok": 1, "blank": 1, "failed": 1}
    assert [page["page"] for page in plain["pages"]] == [1, 2, 3]
    assert plain["pages"][0]["blocks"][0]["bbox"] == [1, 2, 3, 4]
    assert plain["pages"][0]["figures"][0]["key"].startswith("figures/000001-01-")
    assert [(entry["page"], entry["status"]) for entry in plain["ledger"]] == [
        (1, "ok"),
        (2, "blank"),
        (3, "failed"),
    ]
    assert plain["ledger"][2]["error"] == error
    spans = [markdown_of(document)[slice(*page["markdown_span"])] for page in plain["pages"]]
    assert spans[:2] == ["# T", ""]
    assert spans[2].startswith("> **Page 3 could not be read**")
    assert DocumentRecord.model_validate_json(json_of(document)).counts.total == 3


def test_equal_pages_give_equal_bytes() -> None:
    texts = ["# a\n\n<table><tr><td>x", "```\ny", "![](figure:1)"]

    once, again = merged(texts, figure_count=1), merged(texts, figure_count=1)

    assert (markdown_of(once), json_of(once)) == (markdown_of(again), json_of(again))


@pytest.mark.parametrize(
    ("failed", "limit", "status"),
    [
        (0, None, "ok"),
        (1, None, "partial"),
        (1, 1, "partial"),
        (2, 1, "failed"),
        (3, None, "failed"),
    ],
)
def test_the_status_of_a_job_follows_from_its_pages(
    failed: int, limit: int | None, status: str
) -> None:
    job = manifest(3)
    bad = {"status": "failed", "error": {"code": "internal", "message": "x"}}
    results = results_of(job, *([bad] * failed + [{}] * (3 - failed)))

    document = assemble(job, results, RenderOptions(max_failed_pages=limit))

    assert document.status == status


def test_a_missing_page_wrong_order_or_page_of_another_job_is_an_error() -> None:
    job = manifest(3)
    good = results_of(job, {}, {}, {})
    foreign = good[1].model_copy(update={"job_id": "b" * 16 + "-" + "c" * 8})

    for results in (
        good[:2],
        [good[1], good[0], good[2]],
        [good[0], foreign, good[2]],
        [*good, good[0]],
    ):
        with pytest.raises(PagefleetError):
            assemble(job, results, PLAIN)
