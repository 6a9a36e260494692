"""Regions, columns, rows and reading order of a page."""
