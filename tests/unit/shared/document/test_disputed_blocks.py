"""Text that one renderer takes for a table and another for raw HTML must not become active."""

import pytest

from tests.support.documents.merged import body
from tests.support.documents.rendered import renderings

TABLE = "<table>a|b\n-|-\nc|d\n"
ATTACKS = {
    "a fence after a table": f"{TABLE}```\n<script>alert(1)</script>\n```\n",
    "a fence after a table in a quote": "> <table>a|b\n> -|-\n> c|d\n> ```\n> <script>x</script>\n",
    "a tilde fence after a table": f"{TABLE}~~~\n<img src=x onerror=alert(1)>\n~~~\n",
    "a table in a list": "- <tr>a|b\n  -|-\n  ```\n  <svg/onload=x>\n  ```\n",
    "a row that opens raw HTML": "a|b\n-|-\n<td>c|d\n```\n<iframe src=//x></iframe>\n```\n",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_script_after_a_disputed_table_stays_text_in_every_renderer(name: str) -> None:
    document = body(ATTACKS[name])

    for rendered in renderings(document):
        assert rendered.dangers() == [], rendered.renderer


def test_a_table_and_a_fence_that_all_renderers_agree_on_stay_as_they_are() -> None:
    text = "a|b\n-|-\nc|d\n\n```\nx < y\n```"

    assert body(text) == text


def test_an_html_table_followed_by_code_stays_as_it_is() -> None:
    text = "<table><tr><td>a</td></tr></table>\n\n```\n<script>\n```"

    assert body(text) == text
