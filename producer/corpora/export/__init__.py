"""Writes the results of a collection as a few large files."""
