"""``--to html``: one valid file with all text and figures, and nothing active."""

import base64
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from selectolax.lexbor import LexborHTMLParser

from shared.document.exports.html import write_html
from tests.support.console.browser import chromium, installed
from tests.support.documents.exported import everything, export_input, hostile_pages, png
from tests.support.documents.rendered import HARMLESS_TAGS

#: What the writer adds to what Markdown renders to.
OWN_TAGS = {"meta", "title", "style", "section", "span", "div", "ol", "colgroup"}


def page_of(*texts: str) -> LexborHTMLParser:
    return LexborHTMLParser(write_html(export_input(texts)).decode())


def test_the_file_has_text_and_structure_in_order() -> None:
    page = LexborHTMLParser(write_html(everything()).decode())

    assert page.css_first("title").text() == "a.pdf"
    assert [(each.tag, each.text()) for each in page.css("h1,h2")] == [
        ("h1", "The Harbour"),
        ("h2", "Lists"),
        ("h2", "Tables"),
    ]
    assert [each.text() for each in page.css("strong,em,code")][:3] == ["bold", "italic", "code"]
    assert page.css_first("a[href^=http]").attributes["href"] == "https://e.com/?a=1&b=2"
    assert page.css_first("li li").text() == "nested"
    assert page.css_first("ol").attributes["start"] == "3"
    assert page.css_first("blockquote").text().strip() == "Quoted words."
    assert page.css_first("th").attributes["colspan"] == "2"
    assert "x < y & z\n  indented" in page.css_first("pre").text()
    assert page.css_first("span.math").text() == r"\(E = mc^2\)"
    assert "Page 3 could not be read" in page.body.text()
    assert [each.attributes["id"] for each in page.css("span.page")] == [
        f"page-{number}" for number in range(1, 5)
    ]


def test_a_note_and_its_mark_lead_to_each_other() -> None:
    page = LexborHTMLParser(write_html(everything()).decode())

    target = page.css_first("sup a").attributes["href"]
    assert target.startswith("#")
    assert "The text of the note." in page.css_first(f"[id='{target[1:]}']").text()


def test_figures_are_inside_the_file() -> None:
    (image,) = LexborHTMLParser(write_html(everything()).decode()).css("img")

    kind, _, data = image.attributes["src"].partition(",")
    assert (kind, base64.b64decode(data)) == ("data:image/png;base64", png())


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>"])
def test_a_figure_that_is_no_picture_is_named_and_left_out(data: bytes) -> None:
    page = LexborHTMLParser(write_html(export_input(["![](figure:1)"], figure=data)).decode())

    assert page.css("img") == []
    assert "[figure not available]" in page.body.text()


def test_a_page_that_begins_inside_a_table_has_its_anchor_there() -> None:
    row = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"

    page = page_of(row, row)

    assert len(page.css("table")) == 1
    assert page.css_first("td #page-2") is not None


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile_pages)
def test_hostile_pages_stay_text(texts: list[str]) -> None:
    html = write_html(export_input([*texts, "SENTINEL"])).decode()

    page = LexborHTMLParser(html)
    assert {str(each.tag) for each in page.css("*")} <= HARMLESS_TAGS | OWN_TAGS
    for each in page.css("*"):
        assert not [name for name in each.attributes if name.startswith("on")]
    assert all(
        re.match(r"(?i)https?://|mailto:|#fn", link.attributes["href"] or "")
        for link in page.css("a[href]")
    )
    sources = [image.attributes["src"] or "" for image in page.css("img")]
    assert all(source.startswith("data:image/png") for source in sources)
    assert page.css("p")[-1].text() == "SENTINEL"
    assert html == write_html(export_input([*texts, "SENTINEL"])).decode()


def test_deep_nesting_is_bounded() -> None:
    page = page_of("<table><tr><td>" * 2_000 + "deep", "next")

    assert "deep" in page.body.text()
    assert "next" in page.body.text()


@pytest.mark.skipif(installed() is None, reason="chromium is not installed")
def test_a_browser_runs_nothing_and_shows_the_text(tmp_path: Path) -> None:
    code = "document.title='owned'"
    attack = f'<script>{code}</script> <img src=x onerror="{code}">'
    (tmp_path / "a.html").write_bytes(write_html(export_input([attack, "words"])))

    shown = chromium((tmp_path / "a.html").as_uri(), "--dump-dom")

    assert "<title>a.pdf</title>" in shown
    assert "&lt;script&gt;" in shown
    assert "words" in shown
