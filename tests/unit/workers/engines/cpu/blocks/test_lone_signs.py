"""A sign without letters is text where it stands in a row or makes a line, and else dirt."""

from typing import Any

import pytest

from tests.support.engines.cpu_lines import column, line, markdown, page

TEXT = column(["The first sentence of this page.", "The second sentence follows it."])


def with_sign(sign: str, **fields: Any) -> str:
    """A page with ``sign`` in a region of its own, without its two sentences."""
    text = markdown(page(("text", TEXT), ("text", [line(sign, **fields)])))
    return text.replace(" ".join(row.text for row in TEXT), "").strip()


@pytest.mark.parametrize("sign", ["⇒", "=", "+"])
def test_a_sign_in_a_row_of_text_stays(sign: str) -> None:
    assert with_sign(sign, left=260).lstrip("\\") == sign


@pytest.mark.parametrize("sign", ["...", "⇒⇒⇒", "-----"])
def test_a_line_of_signs_stays(sign: str) -> None:
    assert with_sign(sign, top=200).lstrip("\\") == sign


@pytest.mark.parametrize(
    ("sign", "fields"),
    [
        ("-", {"top": 200}),
        ("⇒", {"left": 500}),
        ("•", {"left": 260}),
        ("_______", {"top": 200}),
        ("=", {"left": 260, "score": 0.9}),
    ],
)
def test_a_lone_mark_is_dropped(sign: str, fields: dict[str, Any]) -> None:
    assert with_sign(sign, **fields) == ""
