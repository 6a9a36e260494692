"""``make prose``: looks for idioms that are not plain English in the project's text files.

The list is ``docs/development/banned-idioms.txt``. Each file is searched as a whole, so a phrase
is found in prose, comments, strings and names, also where it is broken over two lines.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.paths import ROOT

IDIOMS = ROOT / "docs" / "development" / "banned-idioms.txt"
#: Names of files that hold prose of the project, as patterns of ``git ls-files``.
FILES = (
    "*.py", "*.md", "*.yaml", "*.yml", "*.tpl", "*.lua", "*.toml", "*.jinja", "*.txt",
    "*Dockerfile*", "Makefile", ".ci/run", "*.json", "*.example",
)  # fmt: skip
#: Files that name the idioms on purpose.
EXEMPT = {IDIOMS, ROOT / "tests" / "unit" / "project" / "test_prose.py"}
ALLOWED = "prose: allow"
#: What may stand between two words of a phrase: a line break with quotes or a comment sign.
_GAP = r"(?:[\s_#\"'>*|]|--)+"


@dataclass(frozen=True)
class Idiom:
    """A refused phrase and what to write instead of it."""

    pattern: re.Pattern[str]
    instead: str


@dataclass(frozen=True)
class Finding:
    """One refused phrase in one file; ``line`` counts from 1."""

    line: int
    phrase: str
    instead: str


def read_idioms(text: str) -> list[Idiom]:
    """The entries of the list; raises ValueError for a line without advice."""
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [_idiom(row) for row in rows]


def find_idioms(text: str, idioms: Iterable[Idiom]) -> Iterator[Finding]:
    """Every refused phrase of a file, in the order of the list."""
    lines = text.splitlines()
    for idiom in idioms:
        for match in idiom.pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if ALLOWED not in lines[line - 1]:
                yield Finding(line, " ".join(match[0].split()), idiom.instead)


def tracked_files(folders: Iterable[str] = ()) -> list[Path]:
    """Files of the project that hold prose, below ``folders`` or everywhere."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FILES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    below = tuple(folders) or ("",)
    paths = [ROOT / name for name in listed.stdout.splitlines() if name.startswith(below)]
    return [path for path in paths if path not in EXEMPT and path.is_file()]


def _idiom(row: str) -> Idiom:
    pattern, advice = re.split(r" {2,}", row, maxsplit=1)
    flexible = pattern.replace(" ", _GAP)
    # Not \b: a regular expression counts "_" as a letter, and names are searched too.
    return Idiom(re.compile(rf"(?<![A-Za-z])(?:{flexible})(?![A-Za-z])", re.IGNORECASE), advice)


def main(folders: list[str]) -> int:
    """Print every refused phrase below ``folders``; the exit status is 1 if there is one."""
    idioms = read_idioms(IDIOMS.read_text())
    count = 0
    for path in tracked_files(folders):
        for finding in find_idioms(path.read_text(), idioms):
            count += 1
            place = f"{path.relative_to(ROOT)}:{finding.line}"
            print(f'{place}: "{finding.phrase}"; write instead: {finding.instead}')
    print(f"{count} idioms that are not plain English" if count else "prose: no refused idiom")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
