"""Writes the worst pages of an evaluation as an HTML page without scripts."""

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from producer.delivery.folder_sink import atomic_file, output_errors
from producer.evaluation.totals import Totals
from producer.evaluation.values import Block, ScoredPage, metrics
from producer.report.markdown import to_html
from producer.report.writing import STYLE, harmless
from shared.processes.sandbox import Sandbox, SandboxError

MARKDOWN_TIMEOUT_S = 20.0
#: Characters shown of one page on each side.
MAX_CHARACTERS = 100_000
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class _Card:
    """One page; ``result`` and ``truth`` are sanitized HTML."""

    title: str
    metrics: dict[str, float | None]
    missing: bool
    error: str
    result: str
    truth: str


def write_report(totals: Totals, output: Path, sandbox: Sandbox) -> None:
    """Write the page to ``output``, its folder is made if needed; raises OutputError."""
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    template = _TEMPLATES.get_template("evaluation.html.jinja")
    with output_errors(output.parent):
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(output) as file:
            cards = _cards(totals.worst, sandbox)
            context = {"totals": totals, "style": STYLE, "policy": policy, "cards": cards}
            file.writelines(harmless(template.generate(**context)))


def _cards(pages: list[ScoredPage], sandbox: Sandbox) -> Iterator[_Card]:
    for page in pages:
        sides = [page.pair.result or "", _as_markdown(page.pair.truth)]
        texts = [side[:MAX_CHARACTERS] for side in sides]
        htmls = [sandbox.submit(to_html, t, {}, timeout_s=MARKDOWN_TIMEOUT_S) for t in texts]
        result, truth = (_html(*each) for each in zip(htmls, texts, strict=True))
        number = "" if page.pair.page is None else f", page {page.pair.page}"
        error = "" if page.error is None else f"{page.error.code}: {page.error.message}"
        title = f"{page.pair.document}{number}"
        yield _Card(title, metrics(page.scores), page.missing, error, result, truth)


def _as_markdown(truth: str | tuple[Block, ...]) -> str:
    return truth if isinstance(truth, str) else "\n\n".join(map(_block_markdown, truth))


def _block_markdown(block: Block) -> str:
    return f"\\[{block.content}\\]" if block.kind == "formula" else block.content


def _html(html: "Future[str]", text: str) -> str:
    """The HTML; plain text where rendering exceeds its limits."""
    try:
        return html.result()
    except SandboxError:
        return f"<pre>{escape(text)}</pre>"
