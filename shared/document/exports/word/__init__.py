"""Writes Word files."""
