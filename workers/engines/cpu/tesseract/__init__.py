"""Reads lines in scripts that the models do not know with Tesseract, where it is installed."""
