"""Finds and reads lines of text on the pixels of a page."""
