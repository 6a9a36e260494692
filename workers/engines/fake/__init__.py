"""The fake engine: fixed text instead of reading, for tests and measurements."""
