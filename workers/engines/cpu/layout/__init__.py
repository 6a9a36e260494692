"""Finds regions, tables, columns, rows and the reading order of a page."""
