"""Finds footnotes and links them with their marks."""
