"""Fuzzer of merged documents: pages made of a grammar of lines, judged by three renderers.

A fault is an active element, attribute or link in one of the renderers, or a page that includes
the next page.
"""

import random

from tests.support.documents.merged import markdown_of, merged
from tests.support.documents.rendered import renderings
from tests.system.fuzz.fuzzing import fuzzer

#: Beginnings of lines that change what a renderer takes the line for.
_PREFIXES = ("", "", "", "", " ", "  ", "   ", "    ", "\t", "> ", "- ", "1. ", ">> ", "+\t", "* ")
_OPENINGS = (
    "<table>", "</table>", "<tr>", "<td>", "</td></tr>", "<b>", "</b>", "<sup>", "<center>", "<br>",
    "<caption>", "<th colspan=2>", "<table><tr><td>x</td></tr></table>", "<!--", "-->", "<div>",
    "<script>", "<style>", "<pre>", "<textarea>", "<?php", "<![CDATA[", "<!DOCTYPE x>", "<x-y a=b>",
    "\\<table>", "&lt;table>", "<TABLE>", "<table\t>", "<td/>", "</td", "<b",
    "<img src=x onerror=y>",
)  # fmt: skip
_WORDS = (
    "a", "a|b", "|a|b|", "c | d", "-|-", "|-|-|", ":-|-:", "-|-|-", "---", "===", "***", "# x", "x",
    "`", "``", "` `", "`<script>`", "\\`", "\\|", "[a](https://e.com)", "[a](javascript:x)",
    "[x]: y",
    "![](figure:1)", "*a*", "_", "**", "~~", "<https://e.com>", "[^1]", "[^1]: x", "- [ ] x", "",
)  # fmt: skip
_FENCES = ("```", "````", "~~~", "~~~~", "```js", "```<b>", "``` |", "~~~ a|b", "``")
_PAYLOADS = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<iframe src=//x></iframe>",
    "<a href=javascript:x>y</a>", "<svg/onload=x>", "</table><script>x</script>", "<td onclick=x>",
)  # fmt: skip
_SENTINEL = "SENTINEL words"
_PLACE = ["html", "body", "p"]


def page(source: random.Random) -> str:
    """One page of a few units, each of one or more lines."""
    units = (_unit(source) for _ in range(source.randint(1, 6)))
    return "\n".join(line for unit in units for line in unit)


def _unit(source: random.Random) -> list[str]:
    kind = source.random()
    if kind < 0.25:
        return _table(source)
    if kind < 0.5:
        return _code(source)
    return [_line(source) for _ in range(source.randint(1, 3))]


def _table(source: random.Random) -> list[str]:
    """A table of GitHub's kind, which may begin with raw HTML."""
    start = source.choice(_PREFIXES)
    head = start + source.choice(("", *_OPENINGS)) + source.choice(("a|b", "|a|b|", "a | b"))
    rows = [start + _row(source) for _ in range(source.randint(0, 2))]
    return [head, start + source.choice(("-|-", "|-|-|", ":-|-:", "-")), *rows]


def _row(source: random.Random) -> str:
    return source.choice(("", *_OPENINGS)) + source.choice(("c|d", "|c|d|", "c"))


def _code(source: random.Random) -> list[str]:
    """A fence, which may stay open, around something active."""
    start, mark = source.choice(_PREFIXES), source.choice(_FENCES)
    end = source.choice((mark, mark, "", source.choice(_FENCES)))
    return [start + mark, source.choice(("", start)) + source.choice(_PAYLOADS), start + end]


def _line(source: random.Random) -> str:
    kind = source.random()
    if kind < 0.25:
        return ""
    start = source.choice(_PREFIXES)
    if kind < 0.4:
        return start + source.choice(_PAYLOADS)
    parts = source.choices(_OPENINGS + _WORDS, k=source.randint(1, 3))
    return start + source.choice(("", " ", "|")).join(parts)


def faults(text: str) -> list[str]:
    """What is wrong with the document of a page with ``text`` and one plain page after it."""
    document = markdown_of(merged([text, _SENTINEL], "none", figure_count=1))
    return [
        f"{rendered.renderer}: {fault}"
        for rendered in renderings(document)
        for fault in [*rendered.dangers(), *_misplaced(rendered.place_of(_SENTINEL))]
    ]


def _misplaced(place: list[str]) -> list[str]:
    return [] if place == _PLACE else [f"the next page lies in {'/'.join(place)}"]


fuzz = fuzzer(page, faults)
