"""Measures the characters of recognised lines on the ink of the page."""
