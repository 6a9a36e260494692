"""Shows the progress of documents: bars on a terminal, a line now and then elsewhere."""

import sys
import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from shared.console.printable import printable

LINE_INTERVAL_S = 10.0
MAX_NAME_CHARACTERS = 40


@dataclass(frozen=True)
class PageProgress:
    """Pages of one job."""

    total: int
    done: int


class PageSpeed(TextColumn):
    """Pages per second since the bar's first progress."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """The column's text."""
        speed = task.finished_speed or task.speed
        return Text("" if not speed else f"{speed:.1f} pages/s", style="dim")


def _document_columns() -> tuple[ProgressColumn, ...]:
    return (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("pages"),
        PageSpeed(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
    )


class Bars:
    """One bar per document on a terminal; a line every ``LINE_INTERVAL_S`` elsewhere."""

    def __init__(self, quiet: bool = False, *, by_document: bool = True) -> None:
        self._console = Console(stderr=True)
        self._has_bars = self._console.is_terminal and not quiet
        self._quiet = quiet
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            *(_document_columns() if by_document else ()),
            console=self._console,
            transient=not by_document,
            disable=not self._has_bars,
            # Results go to standard output, which may be a pipe or a file.
            redirect_stdout=False,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last_line = time.monotonic()
        self._pages: dict[str, PageProgress] = {}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, key: str, name: str, pages: PageProgress) -> None:
        """Move the bar of one document."""
        self._pages[key] = pages
        if self._has_bars:
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task(_short(name), total=pages.total)
            self._progress.update(self._tasks[key], completed=pages.done)
        elif not self._quiet and time.monotonic() - self._last_line > LINE_INTERVAL_S:
            self._last_line = time.monotonic()
            total = sum(each.total for each in self._pages.values())
            done = sum(each.done for each in self._pages.values())
            self.say(f"{done} of {total} pages done")

    def note(self, text: str) -> None:
        """Show what the command has done: below its results, or as a line now and then."""
        if self._has_bars:
            if "" not in self._tasks:
                self._tasks[""] = self._progress.add_task("", total=None)
            self._progress.update(self._tasks[""], description=text)
        elif not self._quiet and time.monotonic() - self._last_line > LINE_INTERVAL_S:
            self._last_line = time.monotonic()
            self.say(text)

    def end(self, key: str) -> None:
        """Remove the bar of a document; the caller prints its result."""
        if key in self._tasks:
            self._progress.remove_task(self._tasks.pop(key))

    def out(self, line: str) -> None:
        """Print to standard output; above the bars where that is the same terminal."""
        if self._has_bars and sys.stdout.isatty():
            self.say(line)
        else:
            print(printable(line), flush=True)

    def inform(self, line: str) -> None:
        """``say`` what the command is doing, unless it is quiet."""
        if not self._quiet:
            self.say(line)

    def say(self, line: str) -> None:
        """Print to standard error, above the bars."""
        shown = printable(line)
        if self._has_bars:
            self._progress.console.print(shown, markup=False, highlight=False, soft_wrap=True)
        else:
            print(shown, file=sys.stderr, flush=True)


def _short(name: str) -> str:
    """A name that fits into one line of the terminal."""
    clean = printable(name)
    if len(clean) <= MAX_NAME_CHARACTERS:
        return clean
    return f"{clean[: MAX_NAME_CHARACTERS - 3]}…"
