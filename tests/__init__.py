"""All tests; assertions of the helpers in ``tests.support`` explain themselves like those of tests."""

import pytest

pytest.register_assert_rewrite("tests.support")
