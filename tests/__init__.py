"""All tests; failed assertions in ``tests.support`` show their values, as those in tests do."""

import pytest

pytest.register_assert_rewrite("tests.support")
