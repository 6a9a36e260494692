"""The fleet that the tests of metrics, top, the dashboard and Flower look at."""

from collections.abc import Iterator

import pytest

from tests.support.fleets.watched_fleet import Watched, watched_fleet


@pytest.fixture(scope="package")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One busy fleet, for tests that only read its state; it ends with the tests of this folder."""
    with watched_fleet(tmp_path_factory.mktemp("watched")) as fleet:
        yield fleet
