"""Hostile pages: nothing in the document becomes active and no page includes another."""

import json
import re
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.domain.records.options import PageBreaks
from tests.support.documents.merged import json_of, markdown_of, merged
from tests.support.documents.rendered import renderings

ANCHOR = re.compile(r"<!-- page (\d+) -->")
OWN_LINE = re.compile(r"^<!-- page (\d+) -->$", re.MULTILINE)
ANY_ANCHOR = re.compile(r"<!--\s*page\b", re.IGNORECASE)

#: Pieces of attacks, by what they attack; "·" stands for a space.
_HTML = (
    "<script> </script> <img·src=x·onerror=alert(1)> <table> <tr> <td·onclick=x()> </td> </table> "
    "<b> </b> <i <!-- --> <!--·page·2·--> <!--page·9--> <![CDATA[ ]]> <?php ?> <!DOCTYPE <style> "
    "<pre> </pre> <textarea> <title> <iframe·src=//x> <svg/onload=x> <a·href=javascript:x> </a> "
    "<math> <center> </center> <sup> <td·colspan=2·style='x'> <td·rowspan=\"3\"> <caption> </ < > "
    "/> <x-y> <td/> <br> <br/onclick=x> </table <B> <TABLE> <b·class=x> "
    "<table><tr><td>a</td></tr></table>"
)
_LINKS = (
    "[a](javascript:x) [a](<javascript:x>) [a](data:text/html,x) [a](file:///etc) ![a](figure:1) "
    "![](figure:2) ![](figure:9) [a](https://e.com) [a](https://e.com·'t') [a]:·javascript:x [a] "
    "[a][a] [^1] [^1]:·x <javascript:x> <https://e.com> <a@b.c> &#106;avascript:x &#x6A; &lt; "
    "www.e.com http://e.com ftp://x //e.com mailto:a@b.c ]( ](figure:1) ![ [ ] ( ) : :: //"
)
_MARKS = (
    "``` ```` ~~~ ```js ` `` ···· ·· > >· -· *· 1.· #· === --- *** ___ | |-| ~~ * _ ** $ = \" ' & "
    "&amp; -·[·]· a b·c"
)
_ESCAPES = ("\\", "\\<", "\\`", "\\[", "\\(", "\r", "\x0b", "\x00", "\u2028", "\u00a0", "\ufeff")
_LINES = ("\n", "\n\n", "\n> ", "\n- ", "\n1. ", "\n===\n", "\n---\n", "\n```\n", "\n~~~\n", "\t")
_TABLE = "\n|a|b|\n|-|-|\n|c|d|\n"
FRAGMENTS = [
    *(word.replace("·", " ") for word in f"{_HTML} {_LINKS} {_MARKS}".split()),
    *_ESCAPES,
    *_LINES,
    _TABLE,
]
hostile = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)),
    max_size=24,
).map("".join)
breaks = st.sampled_from(["comment", "none", "rule"])


# make fuzz tries thousands of such documents.
@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile, hostile, hostile, breaks)
@example("", "A- ", "", "comment")
@example("", "- a- ", "", "comment")
def test_hostile_pages_stay_text_at_their_place(
    first: str, second: str, third: str, page_breaks: PageBreaks
) -> None:
    texts = [first, "SENTINEL1 words", second, "SENTINEL2 words", third]

    document = merged(texts, page_breaks, figure_count=2)

    joins = json.loads(json_of(document))["joins"]
    continued = {str(join["after"]["page"]) for join in joins}
    expected = ["1", "2", "3", "4", "5"] if page_breaks == "comment" else []
    assert ANCHOR.findall(markdown_of(document)) == expected
    assert len(ANY_ANCHOR.findall(markdown_of(document))) == len(expected)
    assert {*expected} - {*OWN_LINE.findall(markdown_of(document))} <= continued
    for rendered in renderings(markdown_of(document)):
        assert rendered.dangers() == [], rendered.renderer
        for page, sentinel in (("2", "SENTINEL1"), ("4", "SENTINEL2")):
            place = rendered.place_of(sentinel)
            # A page whose beginning was joined continues the paragraph, item or quotation before.
            assert place == ["html", "body", "p"] or page in continued, rendered.renderer
            assert place[-1] in ("p", "li"), rendered.renderer
    assert json_of(merged(texts, page_breaks, figure_count=2)) == json_of(document)


LONG = {
    "tags": "<b>" * 40_000,
    "crossed tags": "<b>" * 20_000 + "</i>" * 20_000,
    "tables": "<table>" * 20_000,
    "table lines": "<table>\n" * 20_000,
    "backticks": "`" * 100_000,
    "pairs of backticks": "` " * 40_000,
    "brackets": "[" * 100_000,
    "links": "[a](" * 30_000,
    "figures": "![](figure:9)" * 10_000,
    "fences": "```\n\n" * 20_000,
    "quotes": "> " * 30_000,
    "backslashes": "\\" * 100_000,
    "escapes": "\\<" * 40_000,
    "definitions": "[a]: x\n" * 20_000,
    "a label": "[" + "a" * 100_000,
    "breaks": "<br>\n" * 20_000,
    "attributes": "<td " + "colspan=1 " * 20_000 + "x>",
    "changing blocks": "<b>\n```\n\n" * 6_000,
    "columns": "|a" * 20_000 + "\n" + "|-" * 20_000 + "\n",
}


@pytest.mark.parametrize("name", LONG)
def test_merging_time_is_linear_in_the_length_of_the_text(name: str) -> None:
    started = time.process_time()

    merged([LONG[name], "next"])

    # A quadratic step would take minutes.
    assert time.process_time() - started < 5
