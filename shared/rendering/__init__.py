"""Renders pages of documents; only helper processes import the modules that open documents."""
