"""Every test carries the mark of its folder."""

import pytest

from tests.conftest import LEVELS
from tests.support.paths import ROOT


def test_a_test_in_the_unit_folder_is_marked_as_unit(request: pytest.FixtureRequest) -> None:
    marks = {mark.name for mark in request.node.iter_markers()}

    assert marks & set(LEVELS) == {"unit"}


def test_every_test_file_lies_in_the_folder_of_a_level() -> None:
    folders = {
        path.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/**/test_*.py")
    }

    assert folders == set(LEVELS)
