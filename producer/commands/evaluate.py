"""``pagefleet evaluate``: scores results against ground truth."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from producer.evaluation.values import PagePair, ScoredPage
from shared.config.hardware import has_package
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import DocumentError, ExitCode, UsageError, worst

if TYPE_CHECKING:
    from producer.evaluation.totals import Totals

PACKAGES = ("rapidfuzz", "apted")
#: Names of results without truth that one message lists.
MAX_NAMES = 5
#: Columns of the table where the output is no terminal.
WIDTH = 120
_COLUMNS = ("overall", "text_distance", "reading_order", "table_teds", "formula_match")


def evaluate_results(
    results: Path, truth: Path, output: Path | None, worst_pages: int, as_json: bool
) -> int:
    """Print the scores of every page and of all; write the HTML page to ``output``."""
    _check(results, truth, output)
    from producer.evaluation.report import write_report
    from producer.evaluation.scoring import helpers, scored_pages
    from producer.evaluation.totals import Totals

    pairs, totals = _Pairs(results, truth), Totals(worst_pages if output else 0)
    table = _table()
    with helpers() as sandbox:
        for page in scored_pages(pairs, sandbox):
            totals.add(page)
            _show(page, None if as_json else table)
        if totals.missing == totals.pages and not pairs.codes:
            raise UsageError(f"no file in {results} has the name of a truth in {truth}")
        if output is not None:
            write_report(totals, output, sandbox)
    _print_total(totals, None if as_json else table)
    if output is not None:
        print_message(f"wrote {output}")
    return worst([*pairs.codes, ExitCode.FAILED_PAGES if totals.unscored else ExitCode.OK])


def _check(results: Path, truth: Path, output: Path | None) -> None:
    if not all(map(has_package, PACKAGES)):
        raise UsageError("evaluate needs rapidfuzz and apted: pip install 'pagefleet[evaluate]'")
    if not results.is_dir():
        raise UsageError(f"{results} is not a folder; name the folder with the .md files of run")
    if not truth.exists():
        raise UsageError(f"{truth} does not exist; name a folder of .md files or a JSON file")
    if output is not None and output.is_dir():
        raise UsageError(f"{output} is a folder; name a file, for example -o {output}/report.html")


class _Pairs:
    """All pages of the truth; a document that can't be read is reported and left out."""

    def __init__(self, results: Path, truth: Path) -> None:
        self._results = results
        self._truth = truth
        self.codes: list[ExitCode] = []

    def __iter__(self) -> Iterator[PagePair]:
        from producer.evaluation.omnidocbench import benchmark_pairs
        from producer.evaluation.pages import page_pairs, stems

        if self._truth.is_file():
            yield from benchmark_pairs(self._results, self._truth)
            return
        names = stems(self._truth)
        if not names:
            raise UsageError(f"{self._truth} has no .md file; name a folder of them or a JSON file")
        _warn_of_results_without_truth(sorted(set(stems(self._results)) - set(names)))
        for name in names:
            try:
                yield from page_pairs(name, self._results, self._truth)
            except (DocumentError, UsageError) as error:
                print_message(f"{name}: error[{error.code}]: {error.message}")
                self.codes.append(error.exit_code)


def _warn_of_results_without_truth(names: list[str]) -> None:
    if names:
        more = ", …" if len(names) > MAX_NAMES else ""
        listed = ", ".join(names[:MAX_NAMES]) + more
        print_message(f"warning: {len(names)} results have no truth and are left out: {listed}")


def _table() -> Table:
    table = Table("document", "page")
    for name in _COLUMNS:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_column("note")
    return table


def _show(page: ScoredPage, table: Table | None) -> None:
    """Print the JSON line of a page, or add its row to ``table``."""
    plain = page.as_plain()
    if table is None:
        print(json_line(plain), flush=True)
        return
    number = "" if page.pair.page is None else str(page.pair.page)
    note = page.error.message if page.error else "no result" if page.missing else ""
    if page.scores.tables_too_large:
        note = f"{page.scores.tables_too_large} tables too large for TEDS"
    name = Text(printable(page.pair.document), overflow="fold")
    table.add_row(name, number, *_figures(plain), Text(printable(note)))


def _print_total(totals: "Totals", table: Table | None) -> None:
    if table is None:
        print(json_line(totals.as_plain()), flush=True)
        return
    table.add_section()
    notes = {"without result": totals.missing, "not scored": totals.unscored}
    note = ", ".join(f"{count} {name}" for name, count in notes.items() if count)
    table.add_row("total", str(totals.pages), *_figures(totals.as_plain()), note)
    console = Console(width=None if Console().is_terminal else WIDTH)
    console.print(table)


def _figures(plain: dict[str, object]) -> list[str]:
    values = [plain[name] for name in _COLUMNS]
    return ["–" if value is None else f"{value:.4f}" for value in values]
