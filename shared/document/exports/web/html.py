"""Writes the document as one HTML file: figures inside, no scripts, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from xml.etree.ElementTree import Element, tostring

from shared.document.exports.export_input import ExportInput
from shared.document.exports.figures import Figures
from shared.document.exports.web.html_tree import plain, tree_of

MISSING_FIGURE = "[figure not available]"
REPEATED_FIGURE = "[figure shown above]"
STYLE = """
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.5;
       font-family: Georgia, serif; color: #1a1a1a; background: #fff; }
img { max-width: 100%; height: auto; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { border: 1px solid #999; padding: .2rem .5rem; vertical-align: top; }
blockquote { margin-left: 1rem; padding-left: 1rem; border-left: 3px solid #ccc; }
pre { overflow-x: auto; padding: .5rem; background: #f4f4f4; }
.center { text-align: center; }
.right { text-align: right; }
.footnotes { font-size: .9em; }
"""


def write_html(exported: ExportInput) -> bytes:
    """The document as HTML5 in UTF-8."""
    body, figures = tree_of(exported.whole().markdown), Figures(exported)
    embedded: dict[str, str] = {}
    for image in list(body.iter("img")):
        _embed(image, figures, embedded)
    main = tostring(body, encoding="unicode", method="html")
    return _page(exported.manifest.source.name, main).encode()


def _embed(image: Element, figures: Figures, embedded: dict[str, str]) -> None:
    """Put the figure into the file; a figure that is shown again becomes a link to its first place.

    Otherwise a short text could make a huge file.
    """
    address = image.get("src", "")
    if address in embedded:
        _refer(image, embedded[address])
        return
    data = figures.get(address)
    if data is None:
        missing(image)
        return
    embedded[address] = f"figure-{len(embedded) + 1}"
    image.set("id", embedded[address])
    image.set("src", f"data:image/png;base64,{base64.b64encode(data).decode()}")
    image.set("alt", image.get("alt", ""))


def _refer(image: Element, place: str) -> None:
    """Turn an image into a link to the element with the id ``place``."""
    image.tag, image.text = "a", image.get("alt") or REPEATED_FIGURE
    image.attrib.clear()
    image.set("href", f"#{place}")


def missing(image: Element) -> None:
    """Turn an image without data into a note."""
    image.tag, image.text = "em", image.get("alt") or MISSING_FIGURE
    image.attrib.clear()


def _page(title: str, body: str) -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(plain(title))}</title>\n<style>{STYLE}</style>\n</head>\n{body}\n</html>\n"
    )
