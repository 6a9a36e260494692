"""The words of a link lead to its address, and the signs of the sentence around it do not."""

import pytest

from tests.support.engines.cpu_lines import styled
from workers.engines.cpu.text_layer.links import Link, with_links
from workers.engines.cpu.values import bounding_box

ADDRESS = "https://a.example/harbour"


def linked(text: str, words: str, address: str = ADDRESS) -> str:
    """The part of ``text`` that leads to ``address`` if its area covers ``words``."""
    characters = styled((text, {}))
    start = text.index(words)
    box = bounding_box(own.box for own in characters[start : start + len(words)])
    links = [Link(box, address)]
    return "".join(own.text for own in with_links(characters, links) if own.link)


@pytest.mark.parametrize(
    ("text", "area", "words"),
    [
        ("see the harbour.", "harbour.", "harbour"),
        ("(or its macros) too", "macros)", "macros"),
        ("dans l'étape deux", "'étape", "étape"),
        ("see (part 2).", "part 2).", "part 2"),
        ("see part (2).", "part (2).", "part (2)"),
        ("the [harbour] is", "[harbour]", "[harbour]"),
        ("see https://a. for", "https://a.", "https://a."),
        ("a ... b", "...", "..."),
    ],
)
def test_a_link_has_its_words_alone(text: str, area: str, words: str) -> None:
    assert linked(text, area) == words
