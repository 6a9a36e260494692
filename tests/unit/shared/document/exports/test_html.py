"""``--to html``: one valid file with all text and figures, and nothing active."""

import base64
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from selectolax.lexbor import LexborHTMLParser, LexborNode

from shared.document.exports.web.html import write_html
from tests.support.console.browser import chromium, installed
from tests.support.documents.exported import everything, export_input, hostile_pages, png
from tests.support.documents.rendered import HARMLESS_TAGS

#: What the writer adds to what Markdown renders to.
OWN_TAGS = {"meta", "title", "style", "section", "span", "div", "ol", "colgroup"}


class Page:
    """An HTML file as a browser parses it."""

    def __init__(self, html: str) -> None:
        self.tree = LexborHTMLParser(html)

    def all(self, selector: str) -> list[LexborNode]:
        return self.tree.css(selector)

    def first(self, selector: str) -> LexborNode:
        return self.tree.css(selector)[0]

    def value(self, selector: str, name: str) -> str:
        return self.first(selector).attributes[name] or ""

    def text(self) -> str:
        return self.first("body").text()


def page_of(*texts: str) -> Page:
    return Page(write_html(export_input(texts)).decode())


def test_the_file_has_text_and_structure_in_order() -> None:
    page = Page(write_html(everything()).decode())

    assert page.first("title").text() == "a.pdf"
    assert [(each.tag, each.text()) for each in page.all("h1,h2")] == [
        ("h1", "The Harbour"),
        ("h2", "Lists"),
        ("h2", "Tables"),
    ]
    assert [each.text() for each in page.all("strong,em,code")][:3] == ["bold", "italic", "code"]
    assert page.value("a[href^=http]", "href") == "https://e.com/?a=1&b=2"
    assert page.first("li li").text() == "nested"
    assert page.value("ol", "start") == "3"
    assert page.first("blockquote").text().strip() == "Quoted words."
    assert page.value("th", "colspan") == "2"
    assert "x < y & z\n  indented" in page.first("pre").text()
    assert page.first("span.math").text() == r"\(E = mc^2\)"
    assert "Page 3 could not be read" in page.text()
    assert [each.attributes["id"] for each in page.all("span.page")] == [
        f"page-{number}" for number in range(1, 5)
    ]


def test_a_note_and_its_mark_lead_to_each_other() -> None:
    page = Page(write_html(everything()).decode())

    target = page.value("sup a", "href")
    assert target.startswith("#")
    assert "The text of the note." in page.first(f"[id='{target[1:]}']").text()


def test_figures_are_inside_the_file() -> None:
    page = Page(write_html(everything()).decode())

    kind, _, data = page.value("img", "src").partition(",")
    assert (kind, base64.b64decode(data)) == ("data:image/png;base64", png())


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>"])
def test_a_figure_that_is_no_picture_is_named_and_left_out(data: bytes) -> None:
    page = Page(write_html(export_input(["![](figure:1)"], figure=data)).decode())

    assert page.all("img") == []
    assert "[figure not available]" in page.text()


def test_a_page_that_begins_inside_a_table_has_its_anchor_there() -> None:
    row = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"

    page = page_of(row, row)

    assert len(page.all("table")) == 1
    assert len(page.all("td #page-2")) == 1


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile_pages)
def test_hostile_pages_stay_text(texts: list[str]) -> None:
    html = write_html(export_input([*texts, "SENTINEL"])).decode()

    page = Page(html)
    assert {str(each.tag) for each in page.all("*")} <= HARMLESS_TAGS | OWN_TAGS
    for each in page.all("*"):
        assert not [name for name in each.attributes if name.startswith("on")]
    assert all(
        re.match(r"(?i)https?://|mailto:|#fn", link.attributes["href"] or "")
        for link in page.all("a[href]")
    )
    sources = [image.attributes["src"] or "" for image in page.all("img")]
    assert all(source.startswith("data:image/png") for source in sources)
    assert page.all("p")[-1].text() == "SENTINEL"
    assert html == write_html(export_input([*texts, "SENTINEL"])).decode()


def test_deep_nesting_is_bounded() -> None:
    page = page_of("<table><tr><td>" * 2_000 + "deep", "next")

    assert "deep" in page.text()
    assert "next" in page.text()


@pytest.mark.skipif(installed() is None, reason="chromium is not installed")
def test_a_browser_runs_nothing_and_shows_the_text(tmp_path: Path) -> None:
    code = "document.title='owned'"
    attack = f'<script>{code}</script> <img src=x onerror="{code}">'
    (tmp_path / "a.html").write_bytes(write_html(export_input([attack, "words"])))

    shown = chromium((tmp_path / "a.html").as_uri(), "--dump-dom")

    assert "<title>a.pdf</title>" in shown
    assert "&lt;script&gt;" in shown
    assert "words" in shown


def test_a_figure_that_is_named_again_is_a_link_to_the_first_one() -> None:
    page = Page(
        write_html(export_input(["![](figure:1)\n\n" + "![A plan](figure:1) " * 50])).decode()
    )

    assert len(page.all("img")) == 1
    assert {link.attributes["href"] for link in page.all("a")} == {"#" + page.value("img", "id")}
    assert page.text().count("A plan") == 50


@pytest.mark.parametrize("mark", ["\\(", "\\[", "a \\(", "\\)\\("])
def test_formulas_that_are_not_closed_take_linear_time(mark: str) -> None:
    started = time.process_time()

    write_html(export_input([mark * 40_000]))

    # A quadratic step would take a minute.
    assert time.process_time() - started < 10


def test_formulas_between_backslashes_are_kept() -> None:
    formulas = (r"\(a\)", r"\[b \( c\]", r"\(\\)", r"\( d")

    page = page_of(" and ".join(formulas))

    assert [each.text() for each in page.all("span.math")] == list(formulas[:3])
