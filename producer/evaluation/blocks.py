"""Reads the blocks of a page from its Markdown; runs in helper processes: the text is untrusted."""

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from producer.evaluation.normal_text import normal_formula, normal_text
from producer.evaluation.regions import Region, regions
from producer.evaluation.values import Block
from shared.document.exports.web.formula_marks import formula_at

_DOLLARS = re.compile(r"\$(?=[^\s$])[^$\n]+?(?<=\S)\$(?!\d)")
_CODE = ("fence", "code_block")


def markdown_blocks(markdown: str) -> tuple[Block, ...]:
    """Every block with content, in the order of the text."""
    found = (block for region in regions(markdown) for block in _of_region(region))
    return tuple(block for block in found if block.content.strip())


def _of_region(region: Region) -> Iterator[Block]:
    kind, content = region
    if kind == "prose":
        yield from _of_tokens(_parser().parse(content))
    elif kind == "code":
        yield Block("text", normal_text(content))
    else:
        yield Block(kind, content)


def _of_tokens(tokens: list[Token]) -> Iterator[Block]:
    table: list[str] | None = None
    for token in tokens:
        if token.type == "table_open":
            table = []
        elif token.type == "table_close" and table is not None:
            yield Block("table", f"<table>{''.join(table)}</table>")
            table = None
        elif table is not None:
            table.append(_table_part(token))
        else:
            yield Block("text", normal_text(_text(token)))


def _table_part(token: Token) -> str:
    if token.type in ("tr_open", "tr_close"):
        return f"<{'/' * (token.nesting < 0)}tr>"
    if token.type in ("td_open", "th_open"):
        return "<td>"
    return f"{escape(_text(token))}</td>" if token.type == "inline" else ""


def _text(token: Token) -> str:
    """The readable text of a token; "" for a token that only opens or closes a block."""
    if token.type == "inline":
        return "".join(map(_inline_text, token.children or ()))
    if token.type == "html_block":
        return html_text(token.content)
    return token.content if token.type in _CODE else ""


def _inline_text(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return token.content if token.type in ("text", "text_special", "code_inline") else ""


def html_text(html: str) -> str:
    """The text of an HTML fragment, without its tags and comments."""
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    return "".join(parser.words)


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    return markdown


def _formula(state: StateInline, silent: bool) -> bool:
    r"""Reads ``\( … \)`` and ``$ … $`` as the text of the formula without its delimiters."""
    formula = _formula_at(state)
    if formula is None:
        return False
    if not silent:
        marks = 1 if formula[0] == "$" else 2
        state.push("text", "", 0).content = normal_formula(formula[marks:-marks])
    state.pos += len(formula)
    return True


def _formula_at(state: StateInline) -> str | None:
    if state.src.startswith("\\(", state.pos):
        return formula_at(state)
    match = _DOLLARS.match(state.src, state.pos)
    return match.group() if match else None
