"""Writes HTML that is safe to open."""
