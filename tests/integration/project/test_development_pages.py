"""The pages of docs/development that add something work word by word."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGES = sorted((ROOT / "docs" / "development").glob("add-*.md"))
#: Files that a person edits to add something, at most.
MOST_FILES = 2
COPIED = ("producer", "shared", "workers", "docs", "helm", "examples")
#: What the pages call, as arguments of this interpreter.
PROGRAMS = {"python": "", "pagefleet": "-m producer.cli", "pagefleet-worker": "-m workers.cli"}
_EDIT = re.compile(
    r"^(?:Create|In) `(?P<file>[^`]+)`"
    r"(?:,\s(?P<place>before|after|instead of)\sthe\sline\s`(?P<line>[^`]+)`)?:\n\n"
    r"```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One block of code and where the page puts it."""

    file: str
    place: str | None
    line: str | None
    code: str

    def apply(self, root: Path) -> None:
        """Write the block into the file below ``root``."""
        path = root / self.file
        if self.line is None:
            assert not path.exists()
            path.write_text(self.code)
            return
        lines = path.read_text().splitlines(keepends=True)
        (at,) = (number for number, each in enumerate(lines) if each.strip() == self.line)
        first = at + 1 if self.place == "after" else at
        last = at + 1 if self.place == "instead of" else first
        path.write_text("".join([*lines[:first], self.code, *lines[last:]]))


@dataclass(frozen=True)
class Command:
    """One command of a page, and texts that it must print."""

    words: str
    shown: tuple[str, ...]


def edits(page: Path) -> list[Edit]:
    """Every edit of ``page``, in order."""
    return [Edit(**match.groupdict()) for match in _EDIT.finditer(page.read_text())]


def commands(page: Path) -> Iterator[Command]:
    """Every command in the console blocks of ``page``, in order."""
    for block in _CONSOLE.findall(page.read_text()):
        for part in block.split("$ ")[1:]:
            words, *shown = part.splitlines()
            yield Command(words, tuple(shown))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the edits of all pages."""
    root = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name)
    for page in PAGES:
        for edit in edits(page):
            edit.apply(root)
    (root / "bin").mkdir()
    for name, words in PROGRAMS.items():
        script = root / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {words} "$@"\n')
        script.chmod(0o755)
    return root


def test_there_is_a_page_for_each_kind_of_addition() -> None:
    names = {page.stem for page in PAGES}

    assert names == {
        "add-an-engine",
        "add-an-output-format",
        "add-a-page-option",
        "add-a-metric",
        "add-a-setting",
        "add-a-watch-trigger",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_addition_touches_two_files(page: Path) -> None:
    blocks = re.findall(r"^```python$", page.read_text(), re.MULTILINE)

    assert len(edits(page)) == len(blocks)
    assert len({edit.file for edit in edits(page)}) == MOST_FILES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_the_page_says(page: Path, tree: Path) -> None:
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith("PAGEFLEET_")
    }
    variables |= {
        "PATH": f"{tree / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(tree),
        "PAGEFLEET_HOME": str(tree / "home"),
        "PAGEFLEET_NUM_WORKERS": "1",
    }
    for command in commands(page):
        ended = subprocess.run(
            command.words, shell=True, cwd=tree, env=variables, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip

        assert ended.returncode == 0, f"{command.words}\n{ended.stdout}\n{ended.stderr}"
        for text in command.shown:
            assert text in ended.stdout, command.words
