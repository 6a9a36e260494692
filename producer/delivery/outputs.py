"""Writes a finished job into a folder: ``<stem>.md``, ``<stem>.json``, ``<stem>/figures/*``."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from shared.document import assemble
from shared.domain import object_keys
from shared.domain.errors import NotFound, PagefleetError, StoreUnreachable
from shared.domain.output_formats import MARKDOWN, file_names
from shared.domain.page_ranges import expand
from shared.domain.records import Done, Manifest, RenderOptions
from shared.jobs.job_store import JobStore, selected

MAX_STEM_BYTES = 180
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")


class OutputError(StoreUnreachable):
    """The output folder can't be written."""


@dataclass(frozen=True)
class Output:
    """Where a document was written."""

    markdown: Path
    #: As the render options of this writing make it.
    done: Done


class Stems:
    """File stems for the inputs of one command, in input order: report, report-2 …"""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        """A stem for a document called ``name`` whose files no earlier input has."""
        wanted = safe_stem(name)
        stem, number = wanted, 1
        while not self._taken.isdisjoint(_names(stem)):
            number += 1
            stem = f"{wanted}-{number}"
        self._taken.update(_names(stem))
        return stem


def _names(stem: str) -> tuple[str, ...]:
    """What a document leaves in the folder, as a disk sees it that knows no capitals."""
    folded = stem.casefold()
    return folded, *file_names(folded)


def safe_stem(name: str) -> str:
    """The document's name without its suffix, as a name that stays inside a folder."""
    stem = name.rsplit(".", 1)[0] if "." in name.lstrip(".") else name
    stem = _UNSAFE.sub("_", stem).strip()
    if stem.strip(".") == "":
        return "document"
    return stem.encode()[:MAX_STEM_BYTES].decode(errors="ignore")


def write_output(
    jobs: JobStore, manifest: Manifest, render: RenderOptions, folder: Path, stem: str
) -> Output:
    """Write one document; every file appears whole or not at all."""
    states = jobs.page_states(manifest.job_id)
    results = jobs.results(manifest.job_id, expand(selected(manifest)), states)
    base = f"{quote(stem)}/"
    document = assemble(manifest, results, render, figure_base=base)
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _write_figures(jobs, manifest, folder / stem)
        for suffix, file in document.files.items():
            write_whole(folder / f"{stem}.{suffix}", file.data)
    markdown = folder / f"{stem}.{MARKDOWN.suffix}"
    return Output(markdown.absolute(), Done(status=document.status, counts=document.counts))


def write_whole(path: Path, data: bytes) -> None:
    """Write by a temporary file beside ``path``."""
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file beside ``path`` that takes its place when the block ends without an error."""
    handle, name = tempfile.mkstemp(prefix=".pagefleet-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _write_figures(jobs: JobStore, manifest: Manifest, folder: Path) -> None:
    """Copy the crops; their names are made by pagefleet, and checked all the same."""
    for key in jobs.store.list(object_keys.figures(manifest.job_id)):
        name = key.rsplit("/", 1)[1]
        if not object_keys.is_figure_name(name):
            continue
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        with suppress(NotFound):  # purged this moment
            write_whole(folder / "figures" / name, jobs.store.get(key))


@contextmanager
def output_errors(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while writing below ``folder`` into OutputError."""
    try:
        yield
    except PagefleetError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"can't write to {folder}: {reason}; choose another -o DIR") from None
