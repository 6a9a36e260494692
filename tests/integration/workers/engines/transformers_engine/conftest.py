"""These tests need the extra ``transformers``; ``make test-transformers`` runs them."""

from shared.config.hardware import has_package

collect_ignore_glob = [] if has_package("transformers") else ["test_*.py"]
