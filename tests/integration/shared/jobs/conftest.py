"""Fixtures of tests that play many interleavings of commands on one job."""

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleets.stepped_fleet import private_folder


@pytest.fixture
def silent() -> Iterator[None]:
    """Log nothing of the many runs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def folders() -> Iterator[Iterator[Path]]:
    """New folders, in memory where possible."""

    def new(parent: Path) -> Iterator[Path]:
        for number in itertools.count():
            folder = parent / str(number)
            folder.mkdir()
            yield folder

    with private_folder() as parent:
        yield new(Path(parent))
