"""No folder of code or tests holds more than 15 files without a reason."""

from collections import Counter
from pathlib import PurePath

from tests.support.paths import ROOT

MOST_FILES = 15
FOLDERS = ("producer", "shared", "workers", "tests", "benchmarks")
#: Folders that may hold more, each with the reason.
REASONS = {
    "producer/commands": "one module per command of pagefleet, named as the command",
    "shared/broker/lua": "one script per atomic step of the dispatch state",
}


def _sizes() -> dict[str, int]:
    """Files per folder, without ``__init__.py`` and what Python generates."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    counted = (p for p in paths if p.name != "__init__.py" and p.suffix != ".pyc")
    return Counter(str(PurePath(path).relative_to(ROOT).parent) for path in counted)


def test_no_folder_holds_more_than_fifteen_files_without_a_reason() -> None:
    large = {folder: size for folder, size in _sizes().items() if size > MOST_FILES}

    assert large.keys() == REASONS.keys(), large
