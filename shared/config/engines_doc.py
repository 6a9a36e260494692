"""Writes the engine lists of docs and chart: ``python -m shared.config.engines_doc``."""

import re
from collections.abc import Iterator
from pathlib import Path

from shared.domain.catalogue import CATALOGUE

_ROOT = Path(__file__).parents[2]
DOCS_PAGE = _ROOT / "docs" / "engines.md"
CHART_FILE = _ROOT / "helm" / "pagefleet" / "engines.yaml"
_TABLE = re.compile(r"(?<=\| engine \|).*?(?=\n\n)", re.DOTALL)
_HEADING = " reads with | runs on | needs |\n|---|---|---|---|\n"
_CHART_NOTE = "# Written by `python -m shared.config.engines_doc`; a test compares the two.\n"


def docs_page(text: str) -> str:
    """The page ``text`` with its table of engines written anew."""
    rows = [
        f"| `{name}` | {about.reads_with} | {about.runs_on} | {about.needs} |"
        for name, about in ((name, facts.description) for name, facts in CATALOGUE.items())
    ]
    return _TABLE.sub(lambda _: _HEADING + "\n".join(rows), text, count=1)


def chart_file() -> str:
    """The facts about each engine that the chart's templates read."""
    return _CHART_NOTE + "engines:\n" + "".join(_chart_rows())


def _chart_rows() -> Iterator[str]:
    for name, facts in CATALOGUE.items():
        yield f"  {name}:\n"
        yield f"    defaultModel: {facts.default_model}\n"
        yield f"    ownsGpus: {str(facts.owns_gpus).lower()}\n"
        yield f"    sharesGpus: {str(facts.shares_gpus).lower()}\n"
        models = ", ".join(f"{short}: {full}" for short, full in facts.models)
        yield f"    models: {{{models}}}\n"


if __name__ == "__main__":
    DOCS_PAGE.write_text(docs_page(DOCS_PAGE.read_text()))
    CHART_FILE.write_text(chart_file())
