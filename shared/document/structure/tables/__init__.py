"""Joins tables and rows that a page break divides."""
