"""Judges which characters of a text layer can be seen on the page."""
