"""Marks the characters that lead to an address on the web or to a mail address."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote

import pymupdf

from workers.engines.cpu.values import Box, Character, bounding_box

_SCHEMES = ("http://", "https://", "mailto:")
#: A longer address is no address; a page has no more links than this.
_LONGEST, _MOST = 2000, 1000
#: Characters of an address that stay; all others are percent-encoded.
_SAFE = "!#$%&'*+,-./:;=?@_~[]"
#: Signs around the words of a link.
_EDGES = re.compile(r"^[\s'’‘“\",;.]+|[\s.,;:’“”]+$")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class Link(NamedTuple):
    """An area of the page, in points, and the address that it leads to."""

    box: Box
    address: str


def page_links(page: pymupdf.Page) -> list[Link]:
    """The links of ``page`` to the web and to mail addresses."""
    links = []
    for entry in page.get_links()[:_MOST]:
        address = _address(str(entry.get("uri") or ""))
        if address:
            links.append(Link(Box(*entry["from"]), address))
    return links


def with_links(characters: Sequence[Character], links: Sequence[Link]) -> list[Character]:
    """``characters`` with the address of the link that each of them lies in."""
    line_box = bounding_box(character.box for character in characters)
    near = [link for link in links if link.box.overlap_area(line_box) > 0]
    if not near:
        return list(characters)
    linked = [_linked(character, near) for character in characters]
    result: list[Character] = []
    for address, group in groupby(linked, key=lambda character: character.link):
        run = list(group)
        result += _without_edges(run, address) if address else run
    return result


def _without_edges(run: list[Character], address: str) -> list[Character]:
    """``run`` with the link off the signs of the sentence around it, which its area touches."""
    text = "".join(character.text for character in run)
    words = text if text.strip() in address else _EDGES.sub("", text)
    for opening, closing in ("()", "[]"):
        if words.endswith(closing) and words.count(opening) < words.count(closing):
            words = words[:-1]
        if words.startswith(opening) and words.count(opening) > words.count(closing):
            words = words[1:]
    if not words or len(text) != len(run):
        return run
    start = text.find(words)
    inside = range(start, start + len(words))
    return [
        character if index in inside else character._replace(link="")
        for index, character in enumerate(run)
    ]


def _linked(character: Character, links: Sequence[Link]) -> Character:
    x, y = character.box.center_x, character.box.center_y
    for box, address in links:
        if box.left <= x <= box.right and box.top <= y <= box.bottom:
            return character._replace(link=address)
    return character


def _address(uri: str) -> str:
    """``uri`` with unsafe characters encoded; "" for other schemes and impossible lengths."""
    uri = _CONTROL.sub("", uri)
    if not uri.lower().startswith(_SCHEMES) or len(uri) > _LONGEST:
        return ""
    return quote(uri, safe=_SAFE)
