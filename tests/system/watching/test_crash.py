"""No object is lost or converted twice when watchers and the store are killed at random."""

from pathlib import Path

from tests.system.watching.crash_lab import run


def test_each_object_is_converted_once_despite_random_kills(tmp_path: Path) -> None:
    report = run(tmp_path, objects=30, seconds=5, seed=7)

    assert report.problems == []
    assert report.watcher_kills >= 1
    assert report.store_kills >= 1
    assert report.contents < report.objects
