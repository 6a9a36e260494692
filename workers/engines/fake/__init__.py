"""The fake engine: known text instead of reading, for tests and measurements."""
