"""Expands INPUT words, opens each input inside its limits and inspects it."""
