"""Finds the grid of a table: by its ruling lines, else by the alignment of its words."""
