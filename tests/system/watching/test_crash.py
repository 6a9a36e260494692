"""No object is lost or converted twice when watchers and the store are killed at random."""

from pathlib import Path

import pytest

from tests.system.watching.crash_lab import run


@pytest.mark.parametrize(
    ("objects", "seconds"),
    # Each kill costs the start of a process, a second or more of a core.
    [(8, 1), pytest.param(30, 5, marks=pytest.mark.long)],
)
def test_each_object_is_converted_once_despite_random_kills(
    tmp_path: Path, objects: int, seconds: float
) -> None:
    report = run(tmp_path, objects=objects, seconds=seconds, seed=7)

    assert report.problems == []
    assert report.watcher_kills >= 1
    assert report.store_kills >= 1
    assert report.contents < report.objects
