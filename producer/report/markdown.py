"""Renders a page's Markdown as sanitized HTML; runs in helper processes: the text is untrusted."""

from collections.abc import Mapping, Sequence

from shared.document.exports.web.safe_html import MATH_CLASS, cleaned, renderer


def to_htmls(texts: Sequence[str], figures: Mapping[str, str]) -> list[str]:
    """The HTML of each of the parts of a page."""
    return [to_html(text, figures) for text in texts]


def to_html(markdown: str, figures: Mapping[str, str]) -> str:
    """``markdown`` as HTML without scripts, styles or external images.

    ``figures`` maps the links of the job's figures to the addresses of their images; every other
    image loses its source.
    """

    def allowed_value(tag: str, name: str, value: str) -> str | None:
        if (tag, name) == ("img", "src"):
            return figures.get(value)
        if (tag, name) == ("span", "class"):
            return value if value == MATH_CLASS else None
        return value

    return cleaned(renderer().render(markdown), allowed_value)
