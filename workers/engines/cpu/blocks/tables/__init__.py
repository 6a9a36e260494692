"""Writes tables: their cells, rows and header."""
